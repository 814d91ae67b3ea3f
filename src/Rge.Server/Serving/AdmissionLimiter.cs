using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Rge.Server.Errors;

namespace Rge.Server.Serving;

/// <summary>Bounds the items that are worked on or wait, over all requests, and says when to ask again. Thread-safe.</summary>
/// <remarks>The order of the work is the decoder's.</remarks>
internal sealed class AdmissionLimiter(int capacity, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan LeastWait = TimeSpan.FromSeconds(1), MostWait = TimeSpan.FromMinutes(1);

    /// <summary>Nothing waits for a permit but the drain, which waits for all of them.</summary>
    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions { PermitLimit = capacity, QueueLimit = capacity });

    private readonly Lock _lock = new();
    private volatile bool _isClosed;
    private long _refused;

    // Since nothing was admitted: how fast it has been going.
    private long _busySince;
    private long _done;

    /// <summary>Items that are admitted.</summary>
    public int Items => capacity - (int)_limiter.GetStatistics()!.CurrentAvailablePermits;

    /// <summary>Items that were refused because the server was full.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>True after <see cref="CloseAsync"/>.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Admits items; dispose the result when they are done.</summary>
    /// <exception cref="ApiException">There are too many (429), or the server is shutting down (503).</exception>
    public IDisposable Admit(int items)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                throw new ApiException(StatusCodes.Status503ServiceUnavailable, "The server is shutting down and takes no new work.")
                {
                    Code = "shutting_down",
                    RetryAfter = LeastWait,
                };
            }
            var before = Items;
            if (items > capacity || _limiter.AttemptAcquire(items) is not { IsAcquired: true } lease) throw Full(before, items);
            if (before == 0) (_busySince, _done) = (time.GetTimestamp(), 0);
            return new Admission(this, lease, items);
        }
    }

    /// <summary>Admits nothing any more.</summary>
    /// <returns>Ends when everything that was admitted is done.</returns>
    public async Task CloseAsync()
    {
        ValueTask<RateLimitLease> all;
        lock (_lock)
        {
            _isClosed = true;
            all = _limiter.AcquireAsync(capacity);
        }
        (await all).Dispose();
    }

    public void Dispose() => _limiter.Dispose();

    private void Leave(RateLimitLease lease, int items)
    {
        lock (_lock)
        {
            lease.Dispose();
            _done += items;
        }
    }

    private ApiException Full(int held, int items)
    {
        Interlocked.Add(ref _refused, items);
        return new ApiException(
            StatusCodes.Status429TooManyRequests,
            $"The queue has {held} of {capacity} items and no place for {items} more; ask again later.")
        {
            Code = "queue_full",
            RetryAfter = Wait(held + items - capacity),
        };
    }

    /// <summary>How long it takes, at the present speed, until so many items are done.</summary>
    private TimeSpan Wait(int items)
    {
        var wait = _done == 0 ? LeastWait : time.GetElapsedTime(_busySince) / _done * items;
        return wait < LeastWait ? LeastWait : wait > MostWait ? MostWait : wait;
    }

    private sealed class Admission(AdmissionLimiter limiter, RateLimitLease lease, int items) : IDisposable
    {
        private RateLimitLease? _lease = lease;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _lease, null) is { } held) limiter.Leave(held, items);
        }
    }
}
