using System.Data.Common;
using Microsoft.Extensions.VectorData;
using Rge.Files;

namespace Rge.Search.Indexing;

/// <summary>Repeats work while the store is away. Thread-safe.</summary>
/// <param name="timeout">How long after the first failure it is tried again.</param>
/// <param name="report">Takes a remark on each failure.</param>
internal sealed class StoreRetry(TimeSpan timeout, Action<string> report)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(200),
        LongestWait = TimeSpan.FromSeconds(10);

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
        var (backoff, end) = (new Backoff(FirstWait, LongestWait), DateTime.UtcNow + timeout);
        while (true)
        {
            try
            {
                return await work();
            }
            catch (VectorStoreException e) when (e.InnerException is DbException { IsTransient: true } && DateTime.UtcNow < end)
            {
                report($"{e.Message} Trying again.");
                await Task.Delay(backoff.Next(), cancellationToken);
            }
        }
    }
}
