using System.Runtime.InteropServices;

namespace Rge.Evaluation.Mmeb;

/// <summary>An item's embedding, or why it has none.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LoadedItem(CachedEmbedding? Embedding, string? Problem);
