using Rge.Files;

namespace Rge.Hub;

/// <summary>Counts the consecutive failures of one download and waits between its attempts. Not thread-safe.</summary>
internal sealed class HubRetry(string what, HubOptions options, TimeProvider time)
{
    private readonly Backoff _backoff = new(options.FirstWait, options.LongestWait);

    public void Reset() => _backoff.Reset();

    /// <summary>Waits before the next attempt, as long as the server asks, else longer after each failure.</summary>
    /// <param name="failure">What went wrong.</param>
    /// <param name="waiting">Called before each wait with its reason, its length and the number of attempts left.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HubException">That was the last attempt, or the server asks for too long a wait.</exception>
    public async Task WaitAsync(TransientException failure, Action<string>? waiting, CancellationToken cancellationToken)
    {
        var wait = _backoff.Next();
        if (_backoff.Failures >= options.Attempts)
            throw new HubException(
                $"{what}: {failure.Message}; given up after {_backoff.Failures} attempts. The same command continues where it stopped.",
                failure
            );
        if (failure.RetryAfter > options.LongestWait)
            throw new HubException(
                $"{what}: {failure.Message}; the server asks to come back in {failure.RetryAfter}. The same command continues where it "
                    + "stopped.",
                failure
            );

        wait = failure.RetryAfter ?? wait;
        waiting?.Invoke(
            $"{failure.Message}; trying again in {Math.Max(1, Math.Round(wait.TotalSeconds))} s (attempt {_backoff.Failures + 1} of "
                + $"{options.Attempts})"
        );
        await Task.Delay(wait, time, cancellationToken);
    }
}
