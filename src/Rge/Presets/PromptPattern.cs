namespace Rge.Presets;

/// <summary>
/// A text with slots in braces, such as <c>{text}</c>; <c>{{</c> and <c>}}</c> stand for braces. Immutable.
/// </summary>
public sealed class PromptPattern
{
    private static readonly Dictionary<string, PromptSlot> Names = new(StringComparer.Ordinal)
    {
        ["item"] = PromptSlot.Item,
        ["images"] = PromptSlot.Images,
        ["text"] = PromptSlot.Text,
        ["instruction"] = PromptSlot.Instruction,
        ["query"] = PromptSlot.Query,
        ["document"] = PromptSlot.Document,
    };

    private readonly string _source;

    private PromptPattern(string source, IReadOnlyList<PatternPiece> pieces) => (_source, Pieces) = (source, pieces);

    /// <summary>Texts and slots in their order.</summary>
    public IReadOnlyList<PatternPiece> Pieces { get; }

    /// <summary>Reads a pattern.</summary>
    /// <param name="source">The text.</param>
    /// <exception cref="FormatException">A brace is not closed or not opened, or a slot has an unknown name; the message ends a sentence
    /// that begins with the pattern's place.</exception>
    public static PromptPattern Parse(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var (pieces, text) = (new List<PatternPiece>(), new System.Text.StringBuilder());
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] is not ('{' or '}'))
                text.Append(source[i]);
            else if (i + 1 < source.Length && source[i + 1] == source[i])
                text.Append(source[i++]);
            else
            {
                var end = source[i] == '{' ? source.IndexOf('}', i) : -1;
                if (end < 0)
                    throw new FormatException($"has a brace at character {i} without its partner; a brace that is text is written twice");
                EndText();
                pieces.Add(new PatternPiece(Slot(source[(i + 1)..end])));
                i = end;
            }
        }
        EndText();
        return new PromptPattern(source, pieces);

        void EndText()
        {
            if (text.Length > 0)
                pieces.Add(new PatternPiece(text.ToString()));
            text.Clear();
        }
    }

    /// <summary>Whether a slot occurs.</summary>
    public bool Has(PromptSlot slot) => Pieces.Any(piece => piece.Slot == slot);

    /// <summary>The pattern as it was written.</summary>
    public override string ToString() => _source;

    private static PromptSlot Slot(string name) =>
        Names.TryGetValue(name, out var slot)
            ? slot
            : throw new FormatException(
                $"has the slot {{{name}}}, expected one of {string.Join(", ", Names.Keys.Select(known => $"{{{known}}}"))}"
            );
}
