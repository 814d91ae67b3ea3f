namespace Rge.Models.Kernels;

/// <summary>A vector's worth of a node's queries: of its tokens' heads in one group, those from <paramref name="First"/> on.</summary>
/// <param name="Node">Index of the node.</param>
/// <param name="First">Number of the first query: token · heads of the group + head in the group.</param>
internal readonly record struct PrefixTreeQueries(int Node, int First);
