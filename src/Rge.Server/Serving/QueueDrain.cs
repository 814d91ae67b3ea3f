using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Rge.Server.Serving;

/// <summary>
/// Makes shutdown graceful: before anything is stopped the queue takes no new work and what it took is finished, while the server still
/// answers, with 503 to new work.
/// </summary>
internal sealed class QueueDrain(EmbeddingQueue queue, ILogger<QueueDrain> logger) : IHostedLifecycleService
{
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        logger.LogInformation("Shutting down: {Items} items are to be finished.", queue.Items);
        try
        {
            await queue.CloseAsync().WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            logger.LogWarning("{Items} items were not finished in time.", queue.Items);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
