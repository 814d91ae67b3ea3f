using System.Text.Json.Serialization;

namespace Rge;

/// <summary>
/// An item to embed: texts and images in their order, and an instruction; each optional, but not all absent. Immutable. Items are equal
/// where all members are, with images of the same <see cref="ImageSource"/> instances.
/// </summary>
/// <remarks>
/// The prompt has the parts of <see cref="Content"/> without separators and ends in a newline. The instruction
/// and a space come before them; where all images come before all text, the instruction comes between the two.
/// </remarks>
[JsonConverter(typeof(EmbeddingInputConverter))]
public sealed record EmbeddingInput
{
    private readonly ContentPart[] _content = [];
    private readonly ImageSource[] _images = [];

    /// <summary>Which side of the comparison the item is on.</summary>
    public ItemRole Role { get; init; }

    /// <summary>What is to be done with the item: "Find an image that matches the modification:".</summary>
    public string? Instruction { get; init; }

    /// <summary>
    /// Texts and images in their order. Consecutive texts are joined; none is empty. Text is never read as markup: images
    /// appear where their parts are.
    /// </summary>
    public IReadOnlyList<ContentPart> Content
    {
        get => _content;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            _content = ContentPart.Merge(value);
            _images = [.. _content.OfType<ImagePart>().Select(part => part.Source)];
        }
    }

    /// <summary>
    /// The text of <see cref="Content"/>; <see langword="null"/> where it has none. A space that separates it from images in front is not
    /// part of it. When set, the content becomes the images and after them this text, with a space between any two.
    /// </summary>
    public string? Text
    {
        get => TextOf(_content);
        init => Content = InFront(_images, value);
    }

    /// <summary>
    /// The images of <see cref="Content"/> in their order; one that occurs twice is listed twice. When set, the content becomes these
    /// images and after them the text, with a space between any two.
    /// </summary>
    public IReadOnlyList<ImageSource> Images
    {
        get => _images;
        init => Content = InFront(value, Text);
    }

    /// <summary>
    /// Whether to reason; <see langword="null"/> leaves it to the call and then to the embedder: queries reason, targets do not.
    /// </summary>
    public ReasoningMode? Reasoning { get; init; }

    /// <summary>
    /// A rationale to read instead of writing one, without <c>&lt;emb&gt;</c>: edited by a user, or written by another model.
    /// <see cref="Reasoning"/> does not matter then.
    /// </summary>
    public string? Rationale { get; init; }

    /// <summary>
    /// Whether special tokens in instruction, text and rationale count as such. Off, so that no text from a user can end the turn or
    /// begin another.
    /// </summary>
    public bool AllowSpecialTokens { get; init; }

    /// <summary>A query: what is searched with.</summary>
    public static EmbeddingInput Query(string? text, params IReadOnlyList<ImageSource> images) =>
        new()
        {
            Role = ItemRole.Query,
            Text = text,
            Images = images,
        };

    /// <summary>A target (candidate): what is searched for.</summary>
    public static EmbeddingInput Target(string? text, params IReadOnlyList<ImageSource> images) =>
        new()
        {
            Role = ItemRole.Target,
            Text = text,
            Images = images,
        };

    /// <inheritdoc/>
    public bool Equals(EmbeddingInput? other) =>
        other is not null
        && (Role, Instruction, Reasoning, Rationale, AllowSpecialTokens)
            == (other.Role, other.Instruction, other.Reasoning, other.Rationale, other.AllowSpecialTokens)
        && _content.AsSpan().SequenceEqual(other._content);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var part in _content)
            hash.Add(part);
        hash.Add(HashCode.Combine(Role, Instruction, Reasoning, Rationale, AllowSpecialTokens));
        return hash.ToHashCode();
    }

    /// <summary>Whether no text but spaces comes before an image.</summary>
    internal static bool ImagesAreInFront(IReadOnlyList<ContentPart> content) =>
        content.OfType<ImagePart>().Any() && content.SkipWhile(IsImageOrBlank).All(part => part is TextPart);

    private static bool IsImageOrBlank(ContentPart part) => part is ImagePart or TextPart { Text: " " };

    private static string? TextOf(ContentPart[] content)
    {
        if (!ImagesAreInFront(content))
            return content.Length == 0 ? null : string.Concat(content.OfType<TextPart>().Select(part => part.Text));
        // Texts that follow each other are one, so that at most the last part has more than separators.
        var text = content[^1] is TextPart last ? last.Text : "";
        if (text.StartsWith(' '))
            text = text[1..];
        return text.Length == 0 ? null : text;
    }

    private static IReadOnlyList<ContentPart> InFront(IReadOnlyList<ImageSource> images, string? text)
    {
        ArgumentNullException.ThrowIfNull(images);
        return ContentPart.Spaced([
            .. images.Select(image => new ImagePart(image)),
            .. text is null ? [] : (ContentPart[])[new TextPart(text)],
        ]);
    }
}
