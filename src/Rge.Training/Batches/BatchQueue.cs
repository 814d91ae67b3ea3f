namespace Rge.Training.Batches;

/// <summary>
/// Prepares the next few steps' batches while the current one is learned from. Not thread-safe; disposing it waits for what is being
/// prepared.
/// </summary>
/// <param name="make">Makes the batch of a step; called on other threads, several at once.</param>
/// <param name="first">The first step wanted.</param>
/// <param name="end">The step after the last.</param>
internal sealed class BatchQueue<T>(Func<long, T> make, long first, long end) : IAsyncDisposable
{
    private const int Ahead = 3;
    private readonly Queue<Task<T>> _tasks = [];
    private long _next = first;

    /// <summary>The batch of the next step.</summary>
    public Task<T> NextAsync(CancellationToken cancellationToken)
    {
        for (; _tasks.Count < Ahead && _next < end; _next++)
        {
            var step = _next;
            _tasks.Enqueue(Task.Run(() => make(step), CancellationToken.None));
        }
        return _tasks.Dequeue().WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        // What failed ahead of its turn is of no interest any more.
        foreach (var task in _tasks) await ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
