namespace Rge.Search.Indexing;

/// <summary>What is stored of an item: its vector, and a JPEG of its first image in base64.</summary>
internal sealed record NewRecord(SearchItem Item, ReadOnlyMemory<float> Vector, string? Thumbnail);
