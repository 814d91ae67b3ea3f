using System.Text;

namespace Rge.Text;

/// <summary>Byte-pair encoding of one long word in n·log n time.</summary>
/// <remarks>
/// Design note: Microsoft.ML.Tokenizers takes merged symbols out of its list one at a time, which is quadratic in the length of a word
/// (100,000 Chinese characters: ten seconds). Ordinary words go to the library; this takes the ones that occur in no ordinary text but that
/// any client can send. Thread-safe.
/// </remarks>
internal sealed class LongWordEncoder
{
    private readonly int[] _byteIds;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> _merges = [];

    /// <summary>Creates the encoder.</summary>
    /// <param name="byteIds">The token of each byte value.</param>
    /// <param name="merges">The pairs that merge, by priority, without duplicates.</param>
    public LongWordEncoder(int[] byteIds, IReadOnlyList<Merge> merges)
    {
        _byteIds = byteIds;
        _merges.EnsureCapacity(merges.Count);
        foreach (var merge in merges)
            _merges.Add((merge.LeftId, merge.RightId), (_merges.Count, merge.WholeId));
    }

    /// <summary>Appends the tokens of a word.</summary>
    public void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        var tokens = Array.ConvertAll(bytes, b => _byteIds[b]);
        // Symbols are a linked list over the byte positions; a symbol that was merged into its left neighbour has token -1.
        var (next, previous) = (new int[tokens.Length], new int[tokens.Length]);
        for (var i = 0; i < tokens.Length; i++)
            (next[i], previous[i]) = (i + 1, i - 1);

        var queue = new PriorityQueue<(int Left, int Right, int Id), (int Rank, int Position)>();
        void Offer(int left, int right)
        {
            if (_merges.TryGetValue((tokens[left], tokens[right]), out var merge))
                queue.Enqueue((tokens[left], tokens[right], merge.Id), (merge.Rank, left));
        }

        for (var i = 0; i + 1 < tokens.Length; i++)
            Offer(i, i + 1);
        while (queue.TryDequeue(out var pair, out var priority))
        {
            var left = priority.Position;
            var right = next[left];
            if (tokens[left] != pair.Left || right >= tokens.Length || tokens[right] != pair.Right)
                continue; // overtaken by another merge
            tokens[left] = pair.Id;
            tokens[right] = -1;
            next[left] = next[right];
            if (next[left] < tokens.Length)
            {
                previous[next[left]] = left;
                Offer(left, next[left]);
            }
            if (previous[left] >= 0)
                Offer(previous[left], left);
        }
        ids.AddRange(tokens.Where(token => token >= 0));
    }
}
