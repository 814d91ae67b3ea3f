using System.Collections.Concurrent;
using Rge.Search.Stores;

namespace Rge.Search.Tests;

public sealed class ClaimHolderTests
{
    [Fact]
    public async Task Claims_are_renewed_until_the_end_and_then_given_back()
    {
        var claims = new RecordedClaims();
        await using (var holder = new ClaimHolder(claims, "s", TimeSpan.FromMilliseconds(30)))
        {
            await holder.AcquireAsync(["a", "b"], TestContext.Current.CancellationToken);
            await holder.ReleaseAsync(["a"], TestContext.Current.CancellationToken);
            await claims.RenewedTwice.Task;
        }
        var renewals = claims.Calls.Count(call => call == "renew");
        Assert.Equal(["release a", "release b"], claims.Calls.Where(call => call != "renew"));
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.Equal(renewals, claims.Calls.Count(call => call == "renew"));
    }

    [Fact]
    public async Task What_a_process_of_this_machine_held_when_it_died_is_free_at_once()
    {
        var claims = new RecordedClaims();
        // What a killed process leaves behind: the file, without a lock on it.
        var left = Path.Combine(Path.GetTempPath(), $"rge-worker-dead.{Guid.NewGuid():N}");
        await File.WriteAllTextAsync(left, "", TestContext.Current.CancellationToken);
        using var alive = new WorkerPresence();
        claims.Workers = [Path.GetFileName(left)["rge-worker-".Length..], alive.Worker, "on.another.machine"];
        claims.Refused = "a";
        await using var holder = new ClaimHolder(claims, "s");
        Assert.Empty(await holder.AcquireAsync(["a"], TestContext.Current.CancellationToken));
        Assert.Equal([$"release all of {claims.Workers[0]}"], claims.Calls);
        Assert.False(File.Exists(left));
    }

    private sealed class RecordedClaims : IWorkClaims
    {
        private int _renewals;

        public ConcurrentQueue<string> Calls { get; } = [];

        public TaskCompletionSource RenewedTwice { get; } = new();

        public string? Refused { get; set; }

        public IReadOnlyList<string> Workers { get; set; } = [];

        public Task<IReadOnlySet<string>> AcquireAsync(
            string scope,
            string worker,
            IReadOnlyCollection<string> keys,
            TimeSpan lease,
            CancellationToken cancellationToken = default
        ) => Task.FromResult<IReadOnlySet<string>>(keys.Where(key => key != Refused).ToHashSet());

        public Task RenewAsync(string worker, TimeSpan lease, CancellationToken cancellationToken = default)
        {
            Calls.Enqueue("renew");
            if (Interlocked.Increment(ref _renewals) == 2)
                RenewedTwice.SetResult();
            return Task.CompletedTask;
        }

        public Task<IReadOnlyList<string>> WorkersAsync(CancellationToken cancellationToken = default) => Task.FromResult(Workers);

        public Task ReleaseAllAsync(string worker, CancellationToken cancellationToken = default)
        {
            Calls.Enqueue($"release all of {worker}");
            return Task.CompletedTask;
        }

        public Task ReleaseAsync(
            string scope,
            string worker,
            IReadOnlyCollection<string> keys,
            CancellationToken cancellationToken = default
        )
        {
            foreach (var key in keys)
                Calls.Enqueue($"release {key}");
            return Task.CompletedTask;
        }
    }
}
