namespace Rge.Models.Kernels;

/// <summary>A run of packed tokens in a tree of sequences that begin alike.</summary>
/// <param name="Start">Index of its first token among the packed tokens.</param>
/// <param name="Length">Number of its tokens.</param>
/// <param name="Parent">Index of the node whose tokens come before; −1 where a sequence begins.</param>
/// <param name="SubtreeEnd">One past the last token of its descendants.</param>
internal readonly record struct PrefixTreeNode(int Start, int Length, int Parent, int SubtreeEnd);
