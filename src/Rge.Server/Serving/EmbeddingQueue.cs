using Microsoft.AspNetCore.Http;

namespace Rge.Server.Serving;

/// <summary>Counts the items that are worked on or wait, over all requests, and lets no more in than there are places. Thread-safe.</summary>
/// <remarks>The order of the work is the decoder's; this only bounds it.</remarks>
internal sealed class EmbeddingQueue(int capacity, TimeProvider time)
{
    private static readonly TimeSpan LeastWait = TimeSpan.FromSeconds(1), MostWait = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _items;
    private bool _closed;
    private long _refused;

    // Since the queue was last empty: how fast it has been going.
    private long _busySince;
    private long _done;

    /// <summary>Items that hold a place.</summary>
    public int Items => Volatile.Read(ref _items);

    /// <summary>Items that were refused because the queue was full.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>True after <see cref="CloseAsync"/>.</summary>
    public bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>Takes places for items; dispose the result to give them back.</summary>
    /// <exception cref="ApiException">There are not enough places (429), or the server is shutting down (503).</exception>
    public IDisposable Take(int items)
    {
        lock (_lock)
        {
            if (_closed)
                throw new ApiException(StatusCodes.Status503ServiceUnavailable, "The server is shutting down and takes no new work.") { Code = "shutting_down", RetryAfter = LeastWait };
            if (_items + items > capacity)
            {
                _refused += items;
                throw new ApiException(StatusCodes.Status429TooManyRequests, $"The queue has {_items} of {capacity} items and no place for {items} more; ask again later.")
                {
                    Code = "queue_full",
                    RetryAfter = Wait(_items + items - capacity),
                };
            }
            if (_items == 0) (_busySince, _done) = (time.GetTimestamp(), 0);
            _items += items;
        }
        return new Place(this, items);
    }

    /// <summary>Takes nothing any more.</summary>
    /// <returns>Ends when all places have been given back.</returns>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _closed = true;
            if (_items == 0) _drained.TrySetResult();
        }
        return _drained.Task;
    }

    private void Leave(int items)
    {
        lock (_lock)
        {
            (_items, _done) = (_items - items, _done + items);
            if (_closed && _items == 0) _drained.TrySetResult();
        }
    }

    /// <summary>How long it takes, at the present speed, until so many items have left.</summary>
    private TimeSpan Wait(int items)
    {
        var wait = _done == 0 ? LeastWait : time.GetElapsedTime(_busySince) / _done * items;
        return wait < LeastWait ? LeastWait : wait > MostWait ? MostWait : wait;
    }

    private sealed class Place(EmbeddingQueue queue, int items) : IDisposable
    {
        private int _items = items;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _items, 0) is > 0 and var held) queue.Leave(held);
        }
    }
}
