using System.Collections.Concurrent;

namespace Rge.Training.Runs;

/// <summary>
/// Runs asynchronous work on one thread of its own: whatever follows an <c>await</c> is back on it. Gradient mode, dispose scopes and
/// torch's teams of threads belong to the thread that made them, and steps of a run share them.
/// </summary>
internal sealed class SingleThread : SynchronizationContext
{
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _queue = [];

    private SingleThread() { }

    /// <summary>Starts the work and completes with it, with its result, error or cancellation.</summary>
    /// <param name="name">Name of the thread in debuggers.</param>
    /// <param name="work">The work.</param>
    public static Task<T> RunAsync<T>(string name, Func<Task<T>> work)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => completion.SetFromTask(new SingleThread().Run(work))) { Name = name, IsBackground = true }.Start();
        return completion.Task;
    }

    /// <summary>Queues the callback and returns.</summary>
    /// <remarks>Callbacks that arrive after the work has ended run on the thread pool.</remarks>
    public override void Post(SendOrPostCallback d, object? state)
    {
        try
        {
            _queue.Add((d, state));
        }
        catch (InvalidOperationException)
        {
            base.Post(d, state);
        }
    }

    /// <summary>Not supported: awaits do not need it, and it would deadlock on the thread itself.</summary>
    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("Only posting to a run's thread is possible.");

    /// <summary>Runs callbacks on the current thread until the work is done.</summary>
    private Task<T> Run<T>(Func<Task<T>> work)
    {
        SetSynchronizationContext(this);
        var task = Begin(work);
        _ = task.ContinueWith(
            _ => _queue.CompleteAdding(),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default
        );
        foreach (var (callback, state) in _queue.GetConsumingEnumerable())
            callback(state);
        return task;
    }

    /// <summary>Begins the work; what it throws before its first await is its error like any other.</summary>
    private static async Task<T> Begin<T>(Func<Task<T>> work) => await work();
}
