namespace Rge.Text;

/// <summary>A prompt that remembers which of its text may contain special tokens. Immutable and thread-safe.</summary>
/// <remarks>
/// <see cref="QwenTokenizer.Encode(PromptText)"/> turns special tokens into their ids only where they lie wholly inside trusted text, and
/// encodes everything between as one string: words merge across the border of two segments as they do in the joined text. A user who types
/// <c>&lt;|im_end|&gt;</c> therefore gets those ten characters, and without such text the ids are those of the joined text.
/// </remarks>
public sealed class PromptText : IEquatable<PromptText>
{
    private readonly PromptSegment[] _segments;

    private PromptText(PromptSegment[] segments) => _segments = segments;

    /// <summary>The prompt without text.</summary>
    public static PromptText Empty { get; } = new([]);

    /// <summary>The segments in order. None is empty, and no two neighbours are of the same kind.</summary>
    public IReadOnlyList<PromptSegment> Segments => _segments;

    /// <summary>A prompt of segments; empty ones are left out, neighbours of the same kind are joined.</summary>
    public static PromptText Create(IEnumerable<PromptSegment> segments)
    {
        ArgumentNullException.ThrowIfNull(segments);
        var runs = new List<(List<string> Texts, bool IsTrusted)>();
        foreach (var (text, isTrusted) in segments)
        {
            ArgumentNullException.ThrowIfNull(text, nameof(segments));
            if (text.Length == 0)
                continue;
            if (runs.Count == 0 || runs[^1].IsTrusted != isTrusted)
                runs.Add(([], isTrusted));
            runs[^1].Texts.Add(text);
        }
        return new([.. runs.Select(run => new PromptSegment(string.Concat(run.Texts), run.IsTrusted))]);
    }

    /// <summary>This prompt followed by text in which special tokens count.</summary>
    public PromptText Trusted(string text) => Create([.. _segments, new PromptSegment(text, IsTrusted: true)]);

    /// <summary>This prompt followed by text in which nothing counts as a special token.</summary>
    public PromptText Untrusted(string text) => Create([.. _segments, new PromptSegment(text, IsTrusted: false)]);

    /// <summary>This prompt followed by another.</summary>
    public PromptText Append(PromptText other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Create([.. _segments, .. other._segments]);
    }

    /// <summary>The joined text, which no longer tells who wrote what.</summary>
    public override string ToString() => string.Concat(_segments.Select(segment => segment.Text));

    /// <summary>True when both consist of the same text from the same sources.</summary>
    public bool Equals(PromptText? other) => other is not null && _segments.AsSpan().SequenceEqual(other._segments);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PromptText);

    /// <inheritdoc/>
    public override int GetHashCode() => _segments.Aggregate(0, HashCode.Combine);
}
