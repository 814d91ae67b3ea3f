namespace Rge.Text.Jinja;

/// <summary>A string of a template that knows, character by character, what came from the caller. Immutable.</summary>
/// <remarks>
/// Design note: the alternative is to render with placeholders and put the caller's text in afterwards. But a template may trim, split,
/// search or measure what it is given, and would do that to the placeholder. Here it sees the text itself, and every piece that ends up in
/// the output still knows where it is from. Two texts are equal when their characters are.
/// </remarks>
internal sealed class TracedText : IEquatable<TracedText>
{
    private readonly bool[]? _fromCaller;

    private TracedText(string value, bool[]? fromCaller) => (Value, _fromCaller) = (value, fromCaller);

    /// <summary>The text without characters.</summary>
    public static TracedText Empty { get; } = new("", null);

    /// <summary>The characters.</summary>
    public string Value { get; }

    /// <summary>Number of UTF-16 code units.</summary>
    public int Length => Value.Length;

    /// <summary>Text of the template itself.</summary>
    public static TracedText FromTemplate(string value) => new(value, null);

    /// <summary>Text of the caller.</summary>
    public static TracedText FromCaller(string value)
    {
        var all = new bool[value.Length];
        Array.Fill(all, true);
        return new TracedText(value, all);
    }

    /// <summary>Text whose characters are from the caller where <paramref name="fromCaller"/> is true.</summary>
    public static TracedText Create(string value, ReadOnlySpan<bool> fromCaller) =>
        new(value, fromCaller.Contains(true) ? fromCaller.ToArray() : null);

    /// <summary>True when the caller wrote the character.</summary>
    public bool IsFromCaller(int index) => _fromCaller is not null && _fromCaller[index];

    /// <summary>A part of the text.</summary>
    public TracedText Slice(int start, int length)
    {
        if (length == Length)
            return this;
        return length == 0 ? Empty : new TracedText(Value.Substring(start, length), _fromCaller?[start..(start + length)]);
    }

    /// <summary>The text with every character replaced by one other.</summary>
    public TracedText Map(Func<char, char> change) => new(string.Create(Length, (Value, change), static (span, state) =>
            {
                for (var i = 0; i < span.Length; i++)
                    span[i] = state.change(state.Value[i]);
            }), _fromCaller);

    /// <summary>The text in runs, each as long as possible, from the template or from the caller.</summary>
    public IEnumerable<(string Text, bool IsFromCaller)> Runs()
    {
        for (int start = 0, end; start < Length; start = end)
        {
            for (end = start + 1; end < Length && IsFromCaller(end) == IsFromCaller(start); end++) { }
            yield return (Value[start..end], IsFromCaller(start));
        }
    }

    public bool Equals(TracedText? other) => other is not null && Value == other.Value;

    public override bool Equals(object? obj) => Equals(obj as TracedText);

    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Value;
}
