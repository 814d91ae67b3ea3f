using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>An item to embed before its images have been fetched.</summary>
/// <param name="Input">The item, still without content.</param>
/// <param name="Parts">Its texts and images in their order.</param>
/// <param name="Path">Its place in the request, such as <c>input[3]</c>.</param>
internal sealed record RequestItem(EmbeddingInput Input, IReadOnlyList<(string? Text, ImageReference? Image)> Parts, string Path)
{
    /// <summary>Its images, in their order.</summary>
    public IReadOnlyList<ImageReference> Images { get; } = [.. Parts.Select(part => part.Image).OfType<ImageReference>()];

    /// <summary>Its texts, a space between two of them.</summary>
    public string Text => string.Join(' ', Parts.Select(part => part.Text).OfType<string>());

    /// <summary>The item with its content.</summary>
    /// <param name="load">Makes an image of a reference.</param>
    public EmbeddingInput Complete(Func<ImageReference, ImageSource> load) =>
        Input with
        {
            Content = ContentPart.Spaced(
                Parts.Select(part => part.Image is { } image ? (ContentPart)new ImagePart(load(image)) : new TextPart(part.Text!))
            ),
        };

    /// <summary>The message of a failure of the item, with its place once.</summary>
    /// <param name="error">The failure.</param>
    /// <param name="isOnly">Whether the request has no other item, so that the place need not be said in the sentence.</param>
    /// <param name="code">A name for the error.</param>
    public ApiException Failure(RgeException error, bool isOnly, string code)
    {
        // An image is called by its place, which starts with that of its item.
        var image = Images.FirstOrDefault(image => error.Problem.StartsWith(image.Path + " ", StringComparison.Ordinal));
        var place = Path.Length > 0 ? Path : image?.Path;
        var isSaid = isOnly || image is not null || Path.Length == 0;
        return ApiException.Invalid(isSaid ? error.Problem : $"{Path}: {error.Problem}", place, code, error);
    }
}
