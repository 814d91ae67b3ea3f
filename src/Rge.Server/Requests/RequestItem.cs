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
    public EmbeddingInput Complete(Func<ImageReference, ImageSource> load) => Input with
    {
        Content = ContentPart.Spaced(Parts.Select(part => part.Image is { } image ? (ContentPart)new ImagePart(load(image)) : new TextPart(part.Text!))),
    };
}
