using System.Runtime.InteropServices;

namespace Rge.Evaluation.Mmeb;

/// <summary>Where the embedding of an item is.</summary>
/// <param name="Key">Its key in the cache; <see langword="null"/> where it cannot be embedded.</param>
/// <param name="Problem">Why it cannot be embedded.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CacheEntry(ItemKey? Key, string? Problem);
