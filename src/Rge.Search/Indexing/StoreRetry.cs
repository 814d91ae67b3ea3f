using System.Data.Common;
using Microsoft.Extensions.VectorData;
using Rge.Files;

namespace Rge.Search.Indexing;

/// <summary>Repeats work while the store is away. Thread-safe.</summary>
/// <param name="timeout">How long after the first failure it is tried again.</param>
/// <param name="report">Takes a remark on each failure.</param>
/// <param name="time">The clock; the system's when left out.</param>
internal sealed class StoreRetry(TimeSpan timeout, Action<string> report, TimeProvider? time = null)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(200),
        LongestWait = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(Func<Task> work, CancellationToken cancellationToken) =>
        RunAsync(
            async () =>
            {
                await work();
                return true;
            },
            cancellationToken
        );

    /// <summary>Does work that may be done twice.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(FirstWait, LongestWait);
        DateTimeOffset? end = null;
        while (true)
        {
            try
            {
                return await work();
            }
            catch (VectorStoreException e) when (e.InnerException is DbException { IsTransient: true } && IsEarly())
            {
                report($"{e.Message} Trying again.");
                await Task.Delay(backoff.Next(), cancellationToken);
            }
        }

        bool IsEarly()
        {
            var now = _time.GetUtcNow();
            end ??= now + timeout;
            return now < end;
        }
    }
}
