namespace Rge.Search.Stores.Sqlite;

/// <summary>The best so many rows of those that were added: by score, then the lower number. Not thread-safe.</summary>
internal sealed class NearestRows(int top)
{
    // The worst of the kept ones is first in the queue.
    private readonly PriorityQueue<long, (float Score, long Row)> _kept = new(
        Comparer<(float Score, long Row)>.Create((a, b) => a.Score == b.Score ? b.Row.CompareTo(a.Row) : a.Score.CompareTo(b.Score))
    );

    public void Add(long row, float score)
    {
        if (_kept.Count < top)
            _kept.Enqueue(row, (score, row));
        else if (_kept.TryPeek(out _, out var worst) && score >= worst.Score)
            _kept.EnqueueDequeue(row, (score, row));
    }

    public void AddAll(NearestRows other)
    {
        foreach (var (row, (score, _)) in other._kept.UnorderedItems)
            Add(row, score);
    }

    public IReadOnlyList<(long Row, float Score)> InOrder() =>
        [
            .. _kept
                .UnorderedItems.Select(item => (item.Element, item.Priority.Score))
                .OrderByDescending(item => item.Score)
                .ThenBy(item => item.Element),
        ];
}
