using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rge.Server.Errors;
using Rge.Server.Serving;

namespace Rge.Server.Collections;

/// <summary>
/// Asks the store of collections every few seconds whether it answers, so that readiness and metrics know without asking. Thread-safe.
/// </summary>
internal sealed partial class StoreHealth : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2),
        ProbeTimeout = TimeSpan.FromSeconds(5);

    private readonly CollectionHost _collections;
    private readonly TimeProvider _time;
    private readonly ILogger<StoreHealth> _logger;
    private volatile bool _isReachable;
    private bool _isKnown;

    public StoreHealth(
        CollectionHost collections,
        StoreFailures failures,
        IMeterFactory meters,
        TimeProvider time,
        ILogger<StoreHealth> logger
    )
    {
        (_collections, _time, _logger, _isReachable) = (collections, time, logger, !collections.HasStore);
        if (!collections.HasStore)
            return;
        var meter = meters.Create(Telemetry.Name);
        meter.CreateObservableGauge(
            "rge.store.reachable",
            () => IsReachable ? 1 : 0,
            description: "1 when the store of collections has answered when last asked, else 0."
        );
        meter.CreateObservableCounter(
            "rge.store.failures",
            () => failures.Count,
            "{request}",
            "Requests that the store of collections has failed."
        );
    }

    /// <summary>Whether the store has answered when it was last asked; true where there is none.</summary>
    public bool IsReachable => _isReachable;

    /// <summary>Asks the store once.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        var problem = await ProblemAsync(cancellationToken);
        if (problem is null && !_isReachable && _isKnown)
            Back();
        else if (problem is not null && (_isReachable || !_isKnown))
            Away(problem);
        (_isKnown, _isReachable) = (true, problem is null);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!_collections.HasStore)
            return;
        try
        {
            for (; ; await Task.Delay(Interval, _time, stoppingToken))
                await CheckAsync(stoppingToken);
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
        limited.CancelAfter(ProbeTimeout);
        try
        {
            await _collections.ProbeAsync(limited.Token);
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
