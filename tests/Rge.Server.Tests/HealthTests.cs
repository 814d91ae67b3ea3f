using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rge.Search.Stores;
using Rge.Server.Errors;
using Rge.Tests.Shared.Stores;

namespace Rge.Server.Tests;

/// <summary>What the server says of itself and of its store.</summary>
[Collection(nameof(Alone))]
public sealed class HealthTests(PostgresServer postgres)
{
    private const string Path = "/v1/embeddings";
    private const string Quick = """{"input":"a red circle","reasoning":"off"}""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_that_does_not_answer_makes_the_server_unready_and_nothing_else()
    {
        // Nothing listens there.
        await using var server = await TestServer.StartUnreadyAsync(
            new ServerOptions { Store = "Host=127.0.0.1;Port=1;Username=rge;Database=rge" }
        );
        await TestServer.UntilAsync(async () => await StatusAsync(server) == "store_unreachable");
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health/live", Cancel)).StatusCode);
        await server.PostAsync(Path, Quick, Cancel);
        var error = await server.ErrorAsync("/v1/collections", """{"name":"a"}""", 503);
        Assert.Equal("store_unavailable", error.Code);
        Assert.NotNull(error.RetryAfter);
        var metrics = await server.Client.GetStringAsync("/metrics", Cancel);
        Assert.Contains("\nrge_store_reachable 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nrge_store_failures_total 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains(server.Errors, line => line.Contains("does not answer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_store_that_goes_and_comes_back_is_noticed()
    {
        if (PostgresServer.Problem is { } problem)
            Assert.Skip(problem);
        await using var proxy = await StoreProxy.StartAsync(await postgres.CreateSchemaAsync());
        await using var server = await TestServer.StartAsync(new ServerOptions { Store = proxy.ConnectionString });
        await server.PostAsync("/v1/collections", """{"name":"a"}""", Cancel);
        Assert.Contains("\nrge_store_reachable 1\n", await server.Client.GetStringAsync("/metrics", Cancel), StringComparison.Ordinal);
        proxy.IsOpen = false;
        await TestServer.UntilAsync(async () => await StatusAsync(server) == "store_unreachable");
        proxy.IsOpen = true;
        await TestServer.UntilAsync(async () => await StatusAsync(server) == "ready");
        await server.PostAsync("/v1/collections/a/items", """{"items":[{"text":"a red circle"}]}""", Cancel);
    }

    [Fact]
    public async Task A_store_whose_file_is_deleted_takes_nothing_and_makes_the_server_unready()
    {
        var folder = Directory.CreateTempSubdirectory("rge-health-").FullName;
        try
        {
            var store = System.IO.Path.Combine(folder, "store.db");
            await using var server = await TestServer.StartAsync(new ServerOptions { Store = store });
            await server.PostAsync("/v1/collections", """{"name":"a"}""", Cancel);
            await server.PostAsync("/v1/collections/a/items", """{"items":[{"text":"a red circle"}]}""", Cancel);
            foreach (var file in Directory.GetFiles(folder))
                File.Delete(file);
            var error = await server.ErrorAsync("/v1/collections/a/items", """{"items":[{"text":"a blue star"}]}""", 503);
            Assert.Equal("store_unavailable", error.Code);
            await TestServer.UntilAsync(async () => await StatusAsync(server) == "store_unreachable");
            Assert.Contains(server.Errors, line => line.Contains("was deleted or replaced while it was open", StringComparison.Ordinal));
            Assert.False(File.Exists(store));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_full_disk_is_called_a_full_disk()
    {
        await using var server = await TestServer.StartAsync();
        var errors = server.Services.GetRequiredService<ApiErrors>();
        var full = errors.Describe(new StoreException("There is no space.") { Problem = StoreProblem.Full }, new DefaultHttpContext());
        Assert.Equal((507, "store_full", null), (full.Status, full.Code, full.RetryAfter));
        Assert.Contains("disk of the store of collections is full", full.Message, StringComparison.Ordinal);
        Assert.Equal(
            "store_read_only",
            errors.Describe(new StoreException("No.") { Problem = StoreProblem.ReadOnly }, new DefaultHttpContext()).Code
        );
        var other = errors.Describe(new StoreException("It is locked.") { Problem = StoreProblem.Locked }, new DefaultHttpContext());
        Assert.Equal((503, "store_unavailable", TimeSpan.FromSeconds(1)), (other.Status, other.Code, other.RetryAfter));
        Assert.Contains("ask again later", other.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StoreProblem.Gone, "deleted or replaced")]
    [InlineData(StoreProblem.TooNew, "newer version")]
    public async Task What_waiting_does_not_mend_has_no_retry_after(StoreProblem problem, string said)
    {
        await using var server = await TestServer.StartAsync();
        var errors = server.Services.GetRequiredService<ApiErrors>();
        var error = errors.Describe(new StoreException("No.") { Problem = problem }, new DefaultHttpContext());
        Assert.Equal((503, "store_unavailable", null), (error.Status, error.Code, error.RetryAfter));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("later", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Before_it_stops_the_server_serves_for_a_while_and_says_that_it_is_not_ready()
    {
        var clock = new DrainClock();
        await using var server = await TestServer.StartAsync(new ServerOptions { DrainSeconds = 20 }, replace: services =>
            services.AddSingleton<TimeProvider>(clock)
        );
        var stopped = server.StopAsync();
        await TestServer.UntilAsync(async () => await StatusAsync(server) == "stopping");
        await server.PostAsync(Path, Quick, Cancel);
        Assert.False(server.Admission.IsClosed);
        Assert.False(stopped.IsCompleted);
        Assert.Equal(TimeSpan.FromSeconds(20), clock.Asked);
        clock.Ring();
        await stopped;
        await Assert.ThrowsAsync<HttpRequestException>(() => server.Client.GetAsync("/health/live", Cancel));
    }

    private static async Task<string?> StatusAsync(TestServer server)
    {
        using var response = await server.Client.GetAsync("/health/ready", Cancel);
        var status = (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!["status"];
        Assert.Equal(status == "ready" ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, response.StatusCode);
        return status;
    }

    /// <summary>A clock whose one long timer a test lets ring; short ones ring by themselves.</summary>
    private sealed class DrainClock : TimeProvider
    {
        private Action _ring = () => { };

        public TimeSpan Asked { get; private set; }

        public void Ring() => _ring();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime < TimeSpan.FromSeconds(10))
                return base.CreateTimer(callback, state, dueTime, period);
            (Asked, _ring) = (dueTime, () => callback(state));
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, period);
        }
    }
}
