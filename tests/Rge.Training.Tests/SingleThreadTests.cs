using Rge.Training.Runs;

namespace Rge.Training.Tests;

public sealed class SingleThreadTests
{
    [Fact]
    public async Task What_follows_an_await_is_on_the_thread_of_the_work()
    {
        var threads = await SingleThread.RunAsync("test", async () =>
        {
            List<int> seen = [Environment.CurrentManagedThreadId];
            await Task.Delay(1);
            seen.Add(Environment.CurrentManagedThreadId);
            await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
            {
                await Task.Run(() => { });
                seen.Add(Environment.CurrentManagedThreadId);
            }));
            return seen;
        });
        Assert.Equal(6, threads.Count);
        Assert.Single(threads.Distinct());
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, threads);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_error_is_that_of_the_work(bool awaits)
    {
        var error = await Assert.ThrowsAsync<TrainingException>(() => SingleThread.RunAsync<int>("test", async () =>
        {
            if (awaits) await Task.Yield();
            throw new TrainingException("broken");
        }));
        Assert.Equal("broken", error.Message);
    }

    [Fact]
    public async Task Cancelled_work_is_cancelled()
    {
        using var stop = new CancellationTokenSource();
        var task = SingleThread.RunAsync("test", async () =>
        {
            await Task.Delay(Timeout.Infinite, stop.Token);
            return 0;
        });
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        Assert.True(task.IsCanceled);
    }

    [Fact]
    public async Task What_the_work_leaves_behind_runs_elsewhere()
    {
        var late = new TaskCompletionSource();
        var context = await SingleThread.RunAsync("test", () => Task.FromResult(SynchronizationContext.Current!));
        context.Post(_ => late.SetResult(), null);
        await late.Task.WaitAsync(TestContext.Current.CancellationToken);
    }
}
