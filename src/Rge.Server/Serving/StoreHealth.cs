using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rge.Server.Collections;

namespace Rge.Server.Serving;

/// <summary>Asks the store of collections every few seconds whether it answers, so that readiness and metrics know without asking. Thread-safe.</summary>
internal sealed partial class StoreHealth(CollectionHost collections, TimeProvider time, ILogger<StoreHealth> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2), Patience = TimeSpan.FromSeconds(5);

    private volatile bool _isReachable = !collections.HasStore;
    private bool _isKnown;
    private long _failures;

    /// <summary>Whether the store has answered when it was last asked; true where there is none.</summary>
    public bool IsReachable => _isReachable;

    /// <summary>Whether there is a store.</summary>
    public bool HasStore => collections.HasStore;

    /// <summary>Requests that the store has failed.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Counts a request that the store has failed.</summary>
    public void Count() => Interlocked.Increment(ref _failures);

    /// <summary>Asks the store once.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        var problem = await ProblemAsync(cancellationToken);
        if (problem is null && !_isReachable && _isKnown) Back();
        else if (problem is not null && (_isReachable || !_isKnown)) Away(problem);
        (_isKnown, _isReachable) = (true, problem is null);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!collections.HasStore) return;
        try
        {
            for (; ; await Task.Delay(Interval, time, stoppingToken)) await CheckAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    /// <returns>What keeps the store from answering; null when it does.</returns>
    private async Task<Exception?> ProblemAsync(CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(Patience);
        try
        {
            await collections.ProbeAsync(limited.Token);
            return null;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return e;
        }
    }

    [LoggerMessage(LogLevel.Information, "The store of collections answers again.")]
    private partial void Back();

    [LoggerMessage(LogLevel.Error, "The store of collections does not answer; the server is not ready until it does.")]
    private partial void Away(Exception problem);
}
