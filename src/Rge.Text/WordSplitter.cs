using System.Globalization;
using System.Text.RegularExpressions;

namespace Rge.Text;

/// <summary>Cuts text into the words that byte-pair encoding never merges across, as the split pattern of a tokenizer says.</summary>
/// <remarks>
/// Design note: .NET matches UTF-16 code units, the reference matches code points. Where text has surrogate pairs, a stand-in of the same
/// general category takes the place of each pair before matching, and lengths are mapped back. Likewise U+017F, which the reference's
/// engine holds equal to "s" when case is ignored and .NET's does not, is replaced by "s". Thread-safe.
/// </remarks>
internal sealed partial class WordSplitter
{
    /// <summary>The split pattern of Qwen2, Qwen2.5 and Qwen3.</summary>
    public const string QwenPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The split pattern of Qwen3.5: combining marks stay with the letters that they belong to.</summary>
    public const string Qwen35Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Class of the tokenizer of Qwen3.5.</summary>
    public const string Qwen35Class = "Qwen3_5Tokenizer";

    private const int MaxPatternLength = 2000,
        MillisecondsPerMatch = 5000;

    // One character for each UnicodeCategory, in the order of that enumeration; none of them has an ASCII letter as its other case.
    private const string StandIns =
        "\u00C0\u00E0\u01C5\u02B0\u00AA\u0300\u0903\u0488\u0660\u2160\u00B2\u2003\u2028\u2029\u0080"
        + "\u00AD\uFFFD\uE000\u203F\u2010\u2045\u2046\u00AB\u00BB\u00A1\u00B1\u00A2\u00A8\u00A6\u0378";

    private readonly Regex _pattern;

    /// <summary>Creates a splitter.</summary>
    /// <param name="pattern">The regular expression.</param>
    /// <param name="limit">Time limit of one match; 5 seconds by default.</param>
    /// <exception cref="ArgumentException">The pattern is no valid regular expression, or too long.</exception>
    public WordSplitter(string pattern, TimeSpan? limit = null)
    {
        if (pattern.Length > MaxPatternLength)
            throw new ArgumentException(
                $"The pattern has {pattern.Length} characters, expected at most {MaxPatternLength}.",
                nameof(pattern)
            );
        _pattern = pattern switch
        {
            QwenPattern => Qwen(),
            Qwen35Pattern => Qwen35(),
            _ => new Regex(pattern, RegexOptions.CultureInvariant, limit ?? TimeSpan.FromMilliseconds(MillisecondsPerMatch)),
        };
        Pattern = pattern;
    }

    /// <summary>The regular expression; what it does not match is a word as well.</summary>
    public string Pattern { get; }

    /// <summary>The split pattern of the tokenizers of a class, as tokenizer_config.json names it.</summary>
    public static string PatternOf(string tokenizerClass) =>
        tokenizerClass is Qwen35Class or Qwen35Class + "Fast" ? Qwen35Pattern : QwenPattern;

    /// <summary>Calls <paramref name="word"/> with the range of every word in turn.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="word">Receives start and length.</param>
    /// <exception cref="CheckpointException">The checkpoint's pattern needs too long on this text.</exception>
    public void Split(string text, Action<int, int> word)
    {
        var (shadow, offsets) =
            text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') || text.Contains('\u017F', StringComparison.Ordinal)
                ? Shadow(text)
                : (text, null);
        var end = 0;
        void Emit(int from, int to)
        {
            if (from == to)
                return;
            var (start, stop) = offsets is null ? (from, to) : (offsets[from], offsets[to]);
            word(start, stop - start);
        }
        try
        {
            foreach (var match in _pattern.EnumerateMatches(shadow))
            {
                Emit(end, match.Index);
                end = match.Index + match.Length;
                Emit(match.Index, end);
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            var limit = _pattern.MatchTimeout.TotalMilliseconds;
            throw new CheckpointException($"The tokenizer's split pattern {Pattern} takes more than {limit} ms for one word.", e);
        }
        Emit(end, shadow.Length);
    }

    /// <summary>One character for each code point, and where each begins in the text (one entry more for the end).</summary>
    private static (string Shadow, int[] Offsets) Shadow(string text)
    {
        var (shadow, offsets, count) = (new char[text.Length], new int[text.Length + 1], 0);
        for (var i = 0; i < text.Length; count++)
        {
            offsets[count] = i;
            var pair = char.IsSurrogatePair(text, i);
            shadow[count] =
                pair ? StandIns[(int)CharUnicodeInfo.GetUnicodeCategory(text, i)]
                : text[i] == '\u017F' ? 's'
                : text[i];
            i += pair ? 2 : 1;
        }
        offsets[count] = text.Length;
        return (new string(shadow, 0, count), offsets);
    }

    [GeneratedRegex(QwenPattern, RegexOptions.CultureInvariant, MillisecondsPerMatch)]
    private static partial Regex Qwen();

    [GeneratedRegex(Qwen35Pattern, RegexOptions.CultureInvariant, MillisecondsPerMatch)]
    private static partial Regex Qwen35();
}
