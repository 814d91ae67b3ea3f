namespace Rge.Models.Kernels;

/// <summary>Neighbouring query tokens, and the neighbouring keys that the last of them sees.</summary>
/// <param name="Query">First query token.</param>
/// <param name="QueryCount">Number of query tokens.</param>
/// <param name="Key">First key.</param>
/// <param name="KeyCount">Number of keys; where attention is causal, each query before the last sees one fewer than the next.</param>
internal readonly record struct AttentionSegment(int Query, int QueryCount, int Key, int KeyCount);
