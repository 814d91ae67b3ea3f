using Rge.Data;

namespace Rge.Evaluation;

/// <summary>The words that the texts of a row's candidates have in common: those they begin with, and those they end with.</summary>
/// <remarks>The right candidate, which is the first, is not looked at, so that the form tells nothing of it.</remarks>
internal sealed class TargetForm
{
    private readonly string[] _before,
        _after;

    private TargetForm(string[] before, string[] after) => (_before, _after) = (before, after);

    /// <summary>The form of the candidates of a row; without words where they show images, or fewer than two are wrong.</summary>
    public static TargetForm Of(EvaluationRow row)
    {
        var texts = row
            .Candidates.Skip(1)
            .Select(candidate => candidate.Images.Count == 0 ? candidate.Text : null)
            .Distinct(StringComparer.Ordinal)
            .ToArray();
        if (texts.Length < 2 || texts.Contains(null))
            return new TargetForm([], []);
        string[][] words = [.. texts.Select(text => Words(text!))];
        return new TargetForm(Common(words), Reversed(Common([.. words.Select(Reversed)])));
    }

    /// <summary>A text with the words of the form that it lacks.</summary>
    public string Apply(string text)
    {
        var words = Words(text);
        var (begins, ends) = (
            words.Take(_before.Length).SequenceEqual(_before, StringComparer.Ordinal),
            words.TakeLast(_after.Length).SequenceEqual(_after, StringComparer.Ordinal)
        );
        return string.Join(' ', [.. begins ? [] : _before, .. words, .. ends ? [] : _after]);
    }

    /// <summary>What all begin with, as long as it leaves each a word.</summary>
    private static string[] Common(string[][] texts)
    {
        var length = 0;
        while (texts.All(words => length + 1 < words.Length && words[length] == texts[0][length]))
            length++;
        return texts[0][..length];
    }

    private static string[] Reversed(string[] words) => [.. words.Reverse()];

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
