namespace Rge.Server.Requests;

/// <summary>An item to embed before its images have been fetched.</summary>
/// <param name="Input">The item, still without images.</param>
/// <param name="Images">Its images, in their order.</param>
/// <param name="Path">Its place in the request, such as <c>input[3]</c>.</param>
internal sealed record RequestItem(EmbeddingInput Input, IReadOnlyList<ImageReference> Images, string Path)
{
    /// <summary>What the request is told of a failure of the item: its place, once.</summary>
    /// <param name="error">The failure.</param>
    /// <param name="isOnly">Whether the request has no other item, so that the place need not be said in the sentence.</param>
    /// <param name="code">A name for the error.</param>
    public ApiException Failure(RgeException error, bool isOnly, string code)
    {
        // An image is called by its place, which begins with that of its item.
        var image = Images.FirstOrDefault(image => error.Problem.StartsWith(image.Path + " ", StringComparison.Ordinal));
        var place = Path.Length > 0 ? Path : image?.Path;
        var isSaid = isOnly || image is not null || Path.Length == 0;
        return ApiException.Invalid(isSaid ? error.Problem : $"{Path}: {error.Problem}", place, code, error);
    }
}
