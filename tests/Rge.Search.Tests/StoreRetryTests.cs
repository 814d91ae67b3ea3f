using Microsoft.Extensions.VectorData;
using Npgsql;
using Rge.Search.Indexing;

namespace Rge.Search.Tests;

public sealed class StoreRetryTests
{
    private readonly Clock _clock = new();
    private readonly List<string> _remarks = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_time_counts_from_the_first_failure_and_not_from_the_beginning_of_the_work()
    {
        var attempts = 0;
        Assert.Equal(
            2,
            await new StoreRetry(TimeSpan.FromMinutes(1), _remarks.Add, _clock).RunAsync(
                () => ++attempts == 1 ? FailAsync(TimeSpan.FromHours(1)) : Task.FromResult(attempts),
                Cancel
            )
        );
        Assert.Equal(["The store is away. Trying again."], _remarks);
    }

    [Fact]
    public async Task Work_that_fails_after_that_time_is_not_tried_again()
    {
        var attempts = 0;
        await Assert.ThrowsAsync<VectorStoreException>(() =>
            new StoreRetry(TimeSpan.FromMinutes(1), _remarks.Add, _clock).RunAsync(
                () => ++attempts < 5 ? FailAsync(TimeSpan.FromSeconds(60)) : Task.FromResult(attempts),
                Cancel
            )
        );
        Assert.Equal(2, attempts);
        await Assert.ThrowsAsync<VectorStoreException>(() =>
            new StoreRetry(TimeSpan.Zero, _remarks.Add, _clock).RunAsync(() => FailAsync(TimeSpan.Zero), Cancel)
        );
        Assert.Single(_remarks);
    }

    private Task<int> FailAsync(TimeSpan after)
    {
        _clock.Now += after;
        return Task.FromException<int>(new VectorStoreException("The store is away.", new NpgsqlException("away", new TimeoutException())));
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
