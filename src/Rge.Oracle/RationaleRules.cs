using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Rge.Oracle;

/// <summary>What a rationale must be like to be learned from. Immutable and thread-safe.</summary>
/// <remarks>A word is a run of letters, digits and apostrophes; case does not matter.</remarks>
public sealed partial record RationaleRules
{
    /// <summary>Words of the end among which a conclusion word is looked for.</summary>
    private const int EndWords = 30;

    /// <summary>Fewest words.</summary>
    public int MinWords { get; init; } = 8;

    /// <summary>Most words; 90 are about the 128 tokens that a rationale may have when models are evaluated.</summary>
    public int MaxWords { get; init; } = 90;

    /// <summary>
    /// Smallest share of Latin letters among all letters, 0 to 1: distinguishes English from Chinese or Russian, not from French.
    /// </summary>
    public double MinLatinShare { get; init; } = 0.9;

    /// <summary>Smallest share of words that are not the right target's, 0 to 1: below it a rationale is a copy.</summary>
    public double MinOwnShare { get; init; } = 0.25;

    /// <summary>Words of which one must be among the last 30; none asks for no conclusion.</summary>
    public IReadOnlyCollection<string> ConclusionWords { get; init; } = ["so", "therefore", "thus", "hence", "consequently", "conclusion"];

    /// <summary>Special tokens of the tokenizer that are not to be in a rationale, beside the usual ones.</summary>
    public IReadOnlyCollection<string> SpecialTokens { get; init; } = [];

    /// <summary>A rationale as it is learned: line breaks and runs of blanks are one blank each.</summary>
    public static string Normalize(string rationale)
    {
        ArgumentNullException.ThrowIfNull(rationale);
        return string.Join(' ', rationale.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>The first rule that a rationale breaks; <see langword="null"/> for none.</summary>
    /// <param name="rationale">The rationale.</param>
    /// <param name="target">Text of the right target; <see langword="null"/> where it is an image alone.</param>
    public RationaleRejection? Check(string rationale, string? target)
    {
        ArgumentNullException.ThrowIfNull(rationale);
        var words = Words(rationale);
        if (words.Length == 0)
            return new("empty", "no words");
        if (SpecialTokens.FirstOrDefault(token => rationale.Contains(token, StringComparison.Ordinal)) is { } special)
            return new("special token", special);
        if (Markup.Match(rationale) is { Success: true } mark)
            return new("special token", mark.Value);

        var letters = rationale.EnumerateRunes().Where(Rune.IsLetter).ToArray();
        var latin = letters.Length == 0 ? 1 : (double)letters.Count(IsLatin) / letters.Length;
        if (latin < MinLatinShare)
            return new("language", Invariant($"{latin:P0} of the letters are Latin, expected at least {MinLatinShare:P0}"));

        var own = (double)OwnWords(words, target) / words.Length;
        if (own < MinOwnShare)
            return new("copy of the target", Invariant($"{own:P0} of the words are not the target's, expected at least {MinOwnShare:P0}"));

        if (words.Length < MinWords)
            return new("too short", Invariant($"{words.Length} words, expected at least {MinWords}"));
        if (words.Length > MaxWords)
            return new("too long", Invariant($"{words.Length} words, expected at most {MaxWords}"));
        if (ConclusionWords.Count > 0 && !words.TakeLast(EndWords).Intersect(ConclusionWords, StringComparer.OrdinalIgnoreCase).Any())
            return new("no conclusion", $"none of {string.Join(", ", ConclusionWords)} at its end");
        return null;
    }

    /// <summary>How many words are left when each of the target's has taken one of its like away.</summary>
    private static int OwnWords(string[] words, string? target)
    {
        var left = Words(target ?? "").CountBy(word => word, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        return words.Count(word =>
        {
            if (!left.TryGetValue(word, out var count) || count == 0)
                return true;
            left[word] = count - 1;
            return false;
        });
    }

    private static string[] Words(string text) => [.. Word.Matches(text).Select(match => match.Value.ToLowerInvariant())];

    /// <summary>
    /// Latin letters with and without accents: the blocks from Basic Latin to Latin Extended-B, and Latin Extended Additional.
    /// </summary>
    private static bool IsLatin(Rune letter) => letter.Value is <= 0x024F or (>= 0x1E00 and <= 0x1EFF);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"[\p{L}\p{M}\p{N}]+(['’][\p{L}\p{M}\p{N}]+)*", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Word { get; }

    /// <summary>What ends turns, frames images or thoughts, or fences code in the chat formats of common models.</summary>
    [GeneratedRegex(
        @"<\|[^|\s]{1,40}\|>|</?(s|emb|pad|unk|bos|eos|mask|image|img|video|audio|box|ref|quad|think|answer|tool_call|tool_response|start_of_turn|end_of_turn)>|\[/?(INST|SYS|IMG)\]|<</?SYS>>|```",
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 10_000
    )]
    private static partial Regex Markup { get; }
}
