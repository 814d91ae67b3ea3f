namespace Rge.Search.Indexing;

/// <summary>An item that is ready to be embedded.</summary>
/// <param name="Item">The item.</param>
/// <param name="Images">Its images as patches.</param>
/// <param name="Thumbnail">A JPEG of the first, in base64; <see langword="null"/> without images.</param>
internal sealed record PreparedItem(SearchItem Item, IReadOnlyList<ImageSource> Images, string? Thumbnail);
