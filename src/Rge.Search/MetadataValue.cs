using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Rge.Files;

namespace Rge.Search;

/// <summary>
/// How numbers and truth values are written in metadata, which is text in every store: <c>10</c>, <c>0.5</c>, <c>true</c>. A text that is
/// written like a number is compared as one.
/// </summary>
public static class MetadataValue
{
    /// <summary>A text with more characters is no number.</summary>
    internal const int MaxNumberLength = 40;

    /// <summary>
    /// JSON's numbers, with an exponent that no database's floating-point type overflows at. Read by .NET and by PostgreSQL alike.
    /// </summary>
    internal const string NumberPattern = Digits + "$";

    private const string Digits = @"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?";

    /// <summary>Entries of one item's metadata that are read.</summary>
    internal const int MaxEntries = 4096;

    private static readonly Regex Number = new(
        Digits + @"\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking
    );

    private static readonly ItemJsonErrors Errors = new(end: ".");

    private const double Largest = 1e99,
        Smallest = 1e-99;

    /// <summary>A number as text.</summary>
    /// <exception cref="SearchException">It is not finite, or too large or small to be compared in every store.</exception>
    public static string Of(double value) =>
        value == 0 ? "0"
        : Math.Abs(value) is >= Smallest and <= Largest ? value.ToString(CultureInfo.InvariantCulture)
        : throw new SearchException(
            string.Create(
                CultureInfo.InvariantCulture,
                $"The number {value} is out of range, expected 0 or a size of {Smallest} to {Largest}."
            )
        );

    /// <summary>A truth value as text.</summary>
    public static string Of(bool value) => value ? "true" : "false";

    /// <summary>Reads an object of texts, numbers, truth values and lists of them; null stands for nothing.</summary>
    /// <param name="metadata">The object.</param>
    /// <returns>An entry for each value, in the object's order.</returns>
    /// <exception cref="SearchException">It is something else, has a duplicate name, or more than 4096 values. The message starts with
    /// "metadata".</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(JsonElement metadata) =>
        Read(new JsonField(metadata, Errors, "metadata"));

    /// <inheritdoc cref="Read(JsonElement)" path="/summary|/returns"/>
    /// <param name="metadata">The object, with its place and the errors of its document.</param>
    /// <exception cref="Exception">It is something else, has a duplicate name, or more than 4096 values.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(JsonField metadata)
    {
        if (!metadata.IsObject && metadata.Kind != JsonValueKind.Null)
            throw metadata.Unexpected("an object such as {\"color\": \"red\", \"year\": 2020}");
        var (entries, names) = (new List<KeyValuePair<string, string>>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var (name, value) in metadata.Members())
        {
            if (!names.Add(name))
                throw metadata.Error($"has the name '{name}' twice; several values of one name are written as a list");
            foreach (var one in value.IsList ? value.Items() : [value])
                Add(name, one);
        }
        return entries;

        void Add(string name, JsonField value)
        {
            if (value.IsMissing)
                return;
            if (entries.Count == MaxEntries)
                throw metadata.Error($"has more than {MaxEntries} values");
            entries.Add(KeyValuePair.Create(name, Text(metadata, name, value)));
        }
    }

    /// <summary>The number that a text is; <see langword="null"/> where it is none.</summary>
    internal static double? NumberOf(string text) =>
        text.Length <= MaxNumberLength && Number.IsMatch(text)
            ? double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)
            : null;

    /// <summary>The one text of a number that may be written in several ways (10, 10.0, 1e1); others as they are.</summary>
    internal static string Canonical(string text) =>
        text.All(c => char.IsAsciiDigit(c) || c == '-') && text != "-0" ? text
        : NumberOf(text) is { } number && (number == 0 || Math.Abs(number) is >= Smallest and <= Largest) ? Of(number)
        : text;

    /// <summary>Compares texts by the bytes of UTF-8, as the stores do.</summary>
    internal static int Compare(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));

    private static string Text(JsonField metadata, string name, JsonField value) =>
        value.Kind switch
        {
            JsonValueKind.String => value.Text(),
            JsonValueKind.True => Of(true),
            JsonValueKind.False => Of(false),
            JsonValueKind.Number => Canonical(value.Value.GetRawText()) is var text && NumberOf(text) is not null
                ? text
                : throw metadata.Error(
                    $"'{name}' is the number {value.Value.GetRawText()}, which is too long, too large or too small; write it as a text"
                ),
            _ => throw metadata.Error($"'{name}' is {value.Show()}, expected a text, a number, true or false, or a list of them"),
        };
}
