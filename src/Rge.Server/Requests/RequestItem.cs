namespace Rge.Server.Requests;

/// <summary>An item to embed before its images have been fetched.</summary>
/// <param name="Input">The item, still without images.</param>
/// <param name="Images">Its images, in their order.</param>
/// <param name="Path">Its place in the request, such as <c>input[3]</c>.</param>
internal sealed record RequestItem(EmbeddingInput Input, IReadOnlyList<ImageReference> Images, string Path);
