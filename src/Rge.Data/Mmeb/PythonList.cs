using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Rge.Data.Mmeb;

/// <summary>
/// Lists that were written to a file as text, the way Python shows them: <c>['a', "b's", None]</c>. Reads literals and nothing else:
/// texts with Python's escapes, <c>None</c> and JSON's <c>null</c>.
/// </summary>
internal static class PythonList
{
    /// <summary>Whether a text begins like a list of texts: a bracket, then a quote, None, or the other bracket.</summary>
    public static bool IsLikely(string text)
    {
        var rest = text.AsSpan().Trim();
        if (rest is not ['[', ..])
            return false;
        rest = rest[1..].TrimStart();
        return rest is [']'] or ['\'' or '"', ..] || IsWord(rest, "None") || IsWord(rest, "null");
    }

    /// <summary>Reads a list.</summary>
    /// <param name="text">The text, for which <see cref="IsLikely"/> is true.</param>
    /// <param name="values">Its values.</param>
    /// <param name="problem">The problem, where it is not a list.</param>
    public static bool TryRead(string text, [NotNullWhen(true)] out string?[]? values, [NotNullWhen(false)] out string? problem)
    {
        (values, problem) = (null, null);
        var (items, at) = (new List<string?>(), Skip(text, text.IndexOf('[', StringComparison.Ordinal) + 1));
        while (at < text.Length && text[at] != ']')
        {
            if (text[at] is '\'' or '"')
            {
                if (Literal(text, ref at) is not { } literal)
                {
                    problem = Value(items.Count, "does not end or has an unknown escape");
                    return false;
                }
                items.Add(literal);
            }
            else if (IsWord(text.AsSpan(at), "None") || IsWord(text.AsSpan(at), "null"))
            {
                items.Add(null);
                at += 4;
            }
            else
            {
                problem = Value(items.Count, "is not a text in quotes");
                return false;
            }
            at = Skip(text, at);
            if (at < text.Length && text[at] == ',')
                at = Skip(text, at + 1);
            else if (at < text.Length && text[at] != ']')
            {
                problem = Value(items.Count - 1, "has no comma behind it");
                return false;
            }
        }
        if (at == text.Length)
            problem = "its bracket is not closed";
        else if (Skip(text, at + 1) < text.Length)
            problem = "something follows its closing bracket";
        else
            values = [.. items];
        return values is not null;

        static string Value(int index, string what) => string.Create(CultureInfo.InvariantCulture, $"value {index + 1} {what}");
    }

    private static bool IsWord(ReadOnlySpan<char> text, string word) =>
        text.StartsWith(word, StringComparison.Ordinal) && (text.Length == word.Length || !char.IsLetterOrDigit(text[word.Length]));

    private static int Skip(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
            at++;
        return at;
    }

    /// <summary>Reads a quoted text and goes behind it; null where it is none.</summary>
    private static string? Literal(string text, ref int at)
    {
        var (quote, result) = (text[at++], new StringBuilder());
        for (; at < text.Length; at++)
        {
            if (text[at] == quote)
            {
                at++;
                return result.ToString();
            }
            if (text[at] != '\\')
            {
                result.Append(text[at]);
                continue;
            }
            if (++at == text.Length)
                return null;
            var digits = text[at] switch
            {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                _ => 0,
            };
            if (digits > 0)
            {
                if (
                    at + digits >= text.Length
                    || !int.TryParse(
                        text.AsSpan(at + 1, digits),
                        NumberStyles.AllowHexSpecifier,
                        CultureInfo.InvariantCulture,
                        out var code
                    )
                )
                    return null;
                if (code is < 0 or > 0x10FFFF)
                    return null;
                result.Append(code > char.MaxValue ? char.ConvertFromUtf32(code) : ((char)code).ToString());
                at += digits;
                continue;
            }
            var plain = text[at] switch
            {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '0' => '\0',
                'b' => '\b',
                'f' => '\f',
                '\\' or '\'' or '"' or '/' => text[at],
                _ => '\uFFFF',
            };
            if (plain == '\uFFFF')
                return null;
            result.Append(plain);
        }
        return null;
    }
}
