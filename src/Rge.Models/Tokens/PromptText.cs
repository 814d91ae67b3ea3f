namespace Rge.Models.Tokens;

/// <summary>A prompt that remembers which of its text may contain special tokens. Immutable and thread-safe.</summary>
/// <remarks>
/// <see cref="QwenTokenizer.Encode(PromptText)"/> turns special tokens into their ids only where they lie wholly inside trusted text, and
/// encodes everything between as one string: words merge across the border of two segments as they do in the joined text. A user who types
/// <c>&lt;|im_end|&gt;</c> therefore gets those ten characters, and a user who types none gets what the joined text gives.
/// </remarks>
public sealed class PromptText : IEquatable<PromptText>
{
    private readonly PromptSegment[] _segments;

    private PromptText(PromptSegment[] segments) => _segments = segments;

    /// <summary>The prompt without text.</summary>
    public static PromptText Empty { get; } = new([]);

    /// <summary>The segments in order. None is empty, and no two neighbours are of the same kind.</summary>
    public IReadOnlyList<PromptSegment> Segments => _segments;

    /// <summary>This prompt followed by text in which special tokens count.</summary>
    public PromptText Trusted(string text) => Append(new PromptSegment(text, IsTrusted: true));

    /// <summary>This prompt followed by text in which nothing counts as a special token.</summary>
    public PromptText Untrusted(string text) => Append(new PromptSegment(text, IsTrusted: false));

    /// <summary>This prompt followed by a segment, which is joined to the last one when both are of the same kind.</summary>
    public PromptText Append(PromptSegment segment)
    {
        ArgumentNullException.ThrowIfNull(segment.Text, nameof(segment));
        if (segment.Text.Length == 0) return this;
        return _segments is [.. var before, var last] && last.IsTrusted == segment.IsTrusted
            ? new([.. before, last with { Text = last.Text + segment.Text }])
            : new([.. _segments, segment]);
    }

    /// <summary>This prompt followed by another.</summary>
    public PromptText Append(PromptText other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return other._segments.Aggregate(this, (joined, segment) => joined.Append(segment));
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
