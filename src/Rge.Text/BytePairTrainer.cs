using System.Text;

namespace Rge.Text;

/// <summary>
/// Learns the merges of a byte-level BPE vocabulary (Sennrich, Haddow and Birch, 2016): the most frequent pair becomes a token,
/// repeatedly.
/// </summary>
/// <remarks>Counts all pairs anew for each merge, which is quick for the few thousand different words of a small corpus.</remarks>
public static class BytePairTrainer
{
    /// <summary>Learns merges.</summary>
    /// <param name="words">
    /// How often each word occurs. A word is what the split pattern cuts out of text, so one inside a sentence starts with its space.
    /// </param>
    /// <param name="maxMerges">How many merges to learn at most; fewer when every word is one token before that.</param>
    /// <returns>
    /// Pairs of tokens in the byte alphabet, as <see cref="BytePairFiles.Write"/> takes them. Equal counts are decided by spelling.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">A count is negative, or <paramref name="maxMerges"/> is.</exception>
    public static IReadOnlyList<(string Left, string Right)> Learn(IReadOnlyDictionary<string, long> words, int maxMerges)
    {
        ArgumentNullException.ThrowIfNull(words);
        ArgumentOutOfRangeException.ThrowIfNegative(maxMerges);
        var corpus = new List<(List<string> Tokens, long Count)>(words.Count);
        foreach (var (word, count) in words)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(count, nameof(words));
            corpus.Add(([.. Encoding.UTF8.GetBytes(word).Select(b => ByteAlphabet.Character(b).ToString())], count));
        }
        var merges = new List<(string, string)>();
        while (merges.Count < maxMerges && Commonest(corpus) is var (left, right))
        {
            merges.Add((left, right));
            foreach (var (tokens, _) in corpus)
                Join(tokens, left, right);
        }
        return merges;
    }

    private static (string Left, string Right)? Commonest(List<(List<string> Tokens, long Count)> corpus)
    {
        var counts = new Dictionary<(string, string), long>();
        foreach (var (tokens, count) in corpus)
            for (var i = 1; i < tokens.Count; i++)
                counts[(tokens[i - 1], tokens[i])] = counts.GetValueOrDefault((tokens[i - 1], tokens[i])) + count;
        (string Left, string Right)? best = null;
        var most = 0L;
        foreach (var (pair, count) in counts)
            if (count > most || (count == most && best is { } other && Compare(pair, other) < 0))
                (best, most) = (pair, count);
        return best;
    }

    private static int Compare((string Left, string Right) one, (string Left, string Right) other) =>
        string.CompareOrdinal(one.Left, other.Left) is not 0 and var order ? order : string.CompareOrdinal(one.Right, other.Right);

    private static void Join(List<string> tokens, string left, string right)
    {
        for (var i = 0; i + 1 < tokens.Count; i++)
        {
            if (tokens[i] != left || tokens[i + 1] != right)
                continue;
            tokens[i] = left + right;
            tokens.RemoveAt(i + 1);
        }
    }
}
