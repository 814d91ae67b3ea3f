namespace Rge;

/// <summary>A part of an item: a text or an image. Immutable.</summary>
public abstract record ContentPart
{
    private protected ContentPart() { }

    /// <summary>Parts separated by spaces, with a space after the last image where there is no text.</summary>
    /// <param name="parts">The parts; empty texts are left out.</param>
    public static IReadOnlyList<ContentPart> Spaced(IEnumerable<ContentPart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ContentPart[] some = [.. parts.Where(part => part is not TextPart { Text.Length: 0 })];
        var spaced = some.SelectMany((part, i) => i == 0 ? (ContentPart[])[part] : [new TextPart(" "), part]);
        return Merge(some.Length > 0 && !some.OfType<TextPart>().Any() ? spaced.Append(new TextPart(" ")) : spaced);
    }

    /// <summary>Joins texts that follow each other and leaves out empty ones, so that equal contents have equal parts.</summary>
    internal static ContentPart[] Merge(IEnumerable<ContentPart> parts)
    {
        var merged = new List<ContentPart>();
        foreach (var part in parts)
        {
            if (part is TextPart { Text: var text } && merged is [.., TextPart last])
                merged[^1] = new TextPart(last.Text + text);
            else if (part is not TextPart { Text.Length: 0 })
                merged.Add(part);
        }
        return [.. merged];
    }
}

/// <summary>A text.</summary>
/// <param name="Text">The text, used without changes.</param>
public sealed record TextPart(string Text) : ContentPart;

/// <summary>An image.</summary>
/// <param name="Source">Where it comes from.</param>
public sealed record ImagePart(ImageSource Source) : ContentPart;
