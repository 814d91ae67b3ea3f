using Rge.Search.Stores;
using Rge.Tests.Shared.Stores;

namespace Rge.Search.Tests;

public sealed class SqliteWorkClaimsTests : WorkClaimsTests
{
    protected override Task<ITestStores> CreateAsync() => Task.FromResult<ITestStores>(new SqliteFile());
}

public sealed class PostgresWorkClaimsTests(PostgresServer server) : WorkClaimsTests
{
    protected override async Task<ITestStores> CreateAsync() => await PostgresSchema.CreateAsync(server);
}

public abstract class WorkClaimsTests : StoreTest
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10),
        Gone = TimeSpan.FromSeconds(-1);

    [Fact]
    public async Task A_key_is_held_by_one_until_it_is_released()
    {
        var (one, other) = (Claims(), Claims());
        Assert.Equal(["a", "b"], Sorted(await one.AcquireAsync("s", "1", ["b", "a"], Long, Cancel)));
        Assert.Equal(["c"], Sorted(await other.AcquireAsync("s", "2", ["a", "b", "c"], Long, Cancel)));
        Assert.Equal(["a"], Sorted(await other.AcquireAsync("another scope", "2", ["a"], Long, Cancel)));
        Assert.Equal(["a", "b"], Sorted(await one.AcquireAsync("s", "1", ["a", "b"], Long, Cancel)));
        await other.ReleaseAsync("s", "2", ["a"], Cancel);
        Assert.Empty(await other.AcquireAsync("s", "2", ["a"], Long, Cancel));
        await one.ReleaseAsync("s", "1", ["a"], Cancel);
        Assert.Equal(["a"], Sorted(await other.AcquireAsync("s", "2", ["a", "b"], Long, Cancel)));
    }

    [Fact]
    public async Task A_lease_that_has_run_out_can_be_taken_over_unless_it_was_renewed()
    {
        var claims = Claims();
        await claims.AcquireAsync("s", "dead", ["a", "b"], Gone, Cancel);
        await claims.AcquireAsync("s", "slow", ["c"], Gone, Cancel);
        await claims.RenewAsync("slow", Long, Cancel);
        Assert.Equal(["a", "b"], Sorted(await claims.AcquireAsync("s", "2", ["a", "b", "c"], Long, Cancel)));
        // Back from the dead: it holds nothing any more, and cannot give away what is another's.
        await claims.RenewAsync("dead", Long, Cancel);
        await claims.ReleaseAsync("s", "dead", ["a"], Cancel);
        Assert.Empty(await claims.AcquireAsync("s", "3", ["a", "b", "c"], Long, Cancel));
        Assert.Equal(["2", "slow"], (await claims.WorkersAsync(Cancel)).Order(StringComparer.Ordinal));
        await claims.ReleaseAllAsync("2", Cancel);
        Assert.Equal(["a", "b"], Sorted(await claims.AcquireAsync("s", "3", ["a", "b", "c"], Long, Cancel)));
    }

    [Fact]
    public async Task Of_many_workers_at_once_each_key_goes_to_one()
    {
        IWorkClaims[] claims = [Claims(), Claims(), Claims(), Claims()];
        string[] keys = [.. Enumerable.Range(0, 40).Select(i => $"{i}")];
        var got = await Task.WhenAll(
            claims.Select(
                (one, i) => Task.Run(() => one.AcquireAsync("s", $"{i}", [.. keys.OrderBy(_ => Random.Shared.Next())], Long, Cancel))
            )
        );
        Assert.Equal(keys.Order(StringComparer.Ordinal), got.SelectMany(set => set).Order(StringComparer.Ordinal));
    }

    private IWorkClaims Claims() => (IWorkClaims)Open().GetService(typeof(IWorkClaims))!;

    private static IEnumerable<string> Sorted(IEnumerable<string> keys) => keys.Order(StringComparer.Ordinal);
}
