using Microsoft.Extensions.AI;

namespace Rge;

/// <summary>
/// Generators for inputs other than <see cref="EmbeddingInput"/>. The adapters own nothing: dispose the embedder.
/// </summary>
/// <remarks>
/// A call may override the adapter: <see cref="EmbeddingGenerationOptions.AdditionalProperties"/> understand <c>role</c>
/// ("query" or "target"), <c>instruction</c> (a text) and <c>reasoning</c> ("on" or "off"), and refuse others.
/// </remarks>
public static class EmbeddingGeneratorAdapters
{
    /// <summary>A generator for plain texts.</summary>
    /// <param name="embedder">The embedder.</param>
    /// <param name="role">Which side of the comparison the texts are on.</param>
    /// <param name="instruction">An instruction put before each text; <see langword="null"/> for none.</param>
    public static IEmbeddingGenerator<string, Embedding<float>> ForText(
        this IEmbeddingGenerator<EmbeddingInput, Embedding<float>> embedder,
        ItemRole role,
        string? instruction = null
    )
    {
        ArgumentNullException.ThrowIfNull(embedder);
        return new MappedEmbeddingGenerator<string>(embedder, role, instruction, text => new EmbeddingInput { Text = text });
    }

    /// <summary>
    /// A generator for lists of content: <see cref="TextContent"/>, images as <see cref="DataContent"/>, and images in files as
    /// <see cref="UriContent"/> with a file address. Images keep their place among the texts, with a space between any two.
    /// </summary>
    /// <remarks>
    /// Generating throws <see cref="ArgumentException"/> for content of another kind. File addresses are opened unchecked: do not pass
    /// on those of untrusted clients.
    /// </remarks>
    /// <param name="embedder">The embedder.</param>
    /// <param name="role">Which side of the comparison the items are on.</param>
    /// <param name="instruction">An instruction put before each item; <see langword="null"/> for none.</param>
    public static IEmbeddingGenerator<IEnumerable<AIContent>, Embedding<float>> ForContent(
        this IEmbeddingGenerator<EmbeddingInput, Embedding<float>> embedder,
        ItemRole role,
        string? instruction = null
    )
    {
        ArgumentNullException.ThrowIfNull(embedder);
        return new MappedEmbeddingGenerator<IEnumerable<AIContent>>(embedder, role, instruction, ToInput);
    }

    /// <summary>
    /// A generator for items of a single content each: a text or an image, as <see cref="ForContent"/> takes them in lists.
    /// </summary>
    /// <inheritdoc cref="ForContent" path="/remarks"/>
    /// <typeparam name="TContent"><see cref="AIContent"/>, or one of its kinds such as <see cref="DataContent"/>.</typeparam>
    /// <param name="embedder">The embedder.</param>
    /// <param name="role">Which side of the comparison the items are on.</param>
    /// <param name="instruction">An instruction put before each item; <see langword="null"/> for none.</param>
    public static IEmbeddingGenerator<TContent, Embedding<float>> ForSingleContent<TContent>(
        this IEmbeddingGenerator<EmbeddingInput, Embedding<float>> embedder,
        ItemRole role,
        string? instruction = null
    )
        where TContent : AIContent
    {
        ArgumentNullException.ThrowIfNull(embedder);
        return new MappedEmbeddingGenerator<TContent>(embedder, role, instruction, content => ToInput([content]));
    }

    private static EmbeddingInput ToInput(IEnumerable<AIContent> content)
    {
        if (content is null)
            throw new ArgumentException("An item is null, expected a list of contents.", nameof(content));
        var parts = content.Select(item => item is TextContent text ? (ContentPart)new TextPart(text.Text) : new ImagePart(ToImage(item)));
        return new EmbeddingInput { Content = ContentPart.Spaced(parts) };
    }

    private static ImageSource ToImage(AIContent? content) =>
        content switch
        {
            DataContent data when data.HasTopLevelMediaType("image") => ImageSource.FromBytes(data.Data, data.Name ?? "The image"),
            UriContent { Uri.IsFile: true } uri => ImageSource.FromFile(uri.Uri.LocalPath),
            UriContent uri => throw new ArgumentException($"{uri.Uri} is not a file; download images first.", nameof(content)),
            DataContent data => throw new ArgumentException(
                $"Data of type {data.MediaType} cannot be embedded, only images and text.",
                nameof(content)
            ),
            null => throw new ArgumentException("A content is null, expected a text or an image.", nameof(content)),
            _ => throw new ArgumentException($"{content.GetType().Name} cannot be embedded, only text and images.", nameof(content)),
        };
}
