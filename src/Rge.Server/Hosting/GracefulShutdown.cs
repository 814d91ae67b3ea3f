using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rge.Server.Serving;

namespace Rge.Server.Hosting;

/// <summary>
/// Makes shutdown graceful. First the server says that it is not ready, and serves for a while yet, so that load balancers
/// stop sending requests here. Then, before anything is stopped, no new work is admitted and what was admitted is finished, while the
/// server still answers, with 503 to new work.
/// </summary>
internal sealed class GracefulShutdown(
    AdmissionLimiter admission,
    ServerOptions options,
    TimeProvider time,
    ILogger<GracefulShutdown> logger
) : IHostedLifecycleService
{
    private volatile bool _hasBegun;

    /// <summary>Whether the server is to be stopped.</summary>
    public bool HasBegun => _hasBegun;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _hasBegun = true;
        try
        {
            if (options.DrainSeconds > 0)
            {
                logger.LogInformation("Shutting down: not ready any more, requests are served for {Seconds} s yet.", options.DrainSeconds);
                await Task.Delay(TimeSpan.FromSeconds(options.DrainSeconds), time, cancellationToken);
            }
            logger.LogInformation("Shutting down: {Items} items are to be finished.", admission.Items);
            await admission.CloseAsync().WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            logger.LogWarning("{Items} items were not finished in time.", admission.Items);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
