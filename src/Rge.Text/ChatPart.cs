namespace Rge.Text;

/// <summary>A part of a user's message: an image, or text.</summary>
public sealed record ChatPart
{
    private ChatPart() { }

    /// <summary>A place for an image.</summary>
    public static ChatPart Image { get; } = new();

    /// <summary>The text; null for an image.</summary>
    public string? Content { get; private init; }

    /// <summary>Whether special tokens in the text become their ids. Only for text whose author may write them.</summary>
    public bool AllowSpecialTokens { get; private init; }

    /// <summary>True for an image.</summary>
    public bool IsImage => Content is null;

    /// <summary>A part of text.</summary>
    public static ChatPart Text(string text, bool allowSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new() { Content = text, AllowSpecialTokens = allowSpecialTokens };
    }
}
