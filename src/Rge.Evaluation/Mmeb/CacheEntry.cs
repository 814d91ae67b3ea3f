using System.Runtime.InteropServices;

namespace Rge.Evaluation.Mmeb;

/// <summary>Where the embedding of an item is.</summary>
/// <param name="Key">Its key in the cache; <see langword="null"/> where its pictures cannot be used.</param>
/// <param name="Problem">What is wrong with its pictures.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CacheEntry(ItemKey? Key, string? Problem);
