using Microsoft.Extensions.VectorData;
using Rge.Search.Collections;
using Rge.Search.Indexing;
using Rge.Search.Stores.Postgres;
using Rge.Tests.Shared.Stores;

namespace Rge.Search.Tests;

/// <summary>With a server of its own, which goes away and comes back.</summary>
public sealed class PostgresRestartTests(ShapeWorldModel model) : IClassFixture<ShapeWorldModel>, IAsyncLifetime
{
    private readonly PostgresServer _server = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-restart-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_fail_cleanly_while_the_server_is_away_and_work_again_afterwards()
    {
        using var collections = new SearchCollections(new PostgresVectorStore(await _server.CreateSchemaAsync()));
        var collection = await collections.CreateAsync(
            "c",
            new CollectionIdentity
            {
                Model = "m",
                Fingerprint = "f",
                Dimensions = 2,
            },
            Cancel
        );
        using var stop = new CancellationTokenSource();
        var (acknowledged, failures, next) = (
            new System.Collections.Concurrent.ConcurrentBag<string>(),
            new System.Collections.Concurrent.ConcurrentBag<Exception>(),
            0
        );
        var clients = Enumerable
            .Range(0, 6)
            .Select(client =>
                Task.Run(async () =>
                {
                    while (!stop.IsCancellationRequested)
                    {
                        try
                        {
                            var id = $"{Interlocked.Increment(ref next):d6}";
                            if (client % 2 == 0)
                            {
                                await collection.UpsertAsync([new SearchRecord { Id = id, Vector = new float[] { 1, client } }], Cancel);
                                acknowledged.Add(id);
                            }
                            else
                                await collection.SearchAsync(new float[] { 1, 1 }, 3, cancellationToken: Cancel);
                        }
                        catch (Exception e)
                        {
                            failures.Add(e);
                            await Task.Delay(5, Cancel);
                        }
                    }
                })
            )
            .ToArray();
        await UntilAsync(() => acknowledged.Count > 20);
        await _server.StopAsync();
        await UntilAsync(() => failures.Count > 10);
        await _server.StartAsync();
        var before = acknowledged.Count;
        await UntilAsync(() => acknowledged.Count > before + 20);
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        Assert.All(failures, failure => Assert.IsType<VectorStoreException>(failure));
        Assert.All(failures, failure => Assert.StartsWith("The store 127.0.0.1:", failure.Message, StringComparison.Ordinal));
        Assert.Equal(acknowledged.Count, (await collection.GetAsync([.. acknowledged], Cancel)).Count);
    }

    [Fact]
    public async Task An_indexer_waits_until_the_server_is_back()
    {
        for (var i = 0; i < 24; i++)
            await File.WriteAllBytesAsync(Path.Combine(_folder, $"{i}.png"), ShapeWorldModel.Image(i), Cancel);
        using var collections = new SearchCollections(new PostgresVectorStore(await _server.CreateSchemaAsync()));
        var collection = await collections.CreateAsync("c", CollectionIdentity.For(model.Embedder), Cancel);
        var (first, away) = (new TaskCompletionSource(), new TaskCompletionSource());
        var progress = new Report(value =>
        {
            if (value.Stored.Count > 0)
                first.TrySetResult();
            if (value.Remark?.Contains("Trying again", StringComparison.Ordinal) == true)
                away.TrySetResult();
        });
        var run = Task.Run(
            () =>
                new Indexer(collection, model.Embedder, new IndexOptions { BatchItems = 2 }).IndexAsync(
                    new FolderSource(_folder),
                    progress,
                    Cancel
                ),
            Cancel
        );
        await first.Task;
        await _server.StopAsync();
        await Task.WhenAny(away.Task, run);
        await _server.StartAsync();
        Assert.Equivalent(new IndexOutcome(24, 24, 0, 0, []), await run, strict: true);
        Assert.Equal(new CollectionStats(24, 24), await collection.StatsAsync(Cancel));
    }

    public ValueTask InitializeAsync()
    {
        if (PostgresServer.Problem is { } problem)
            Assert.Skip(problem);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(10, Cancel);
    }

    private sealed class Report(Action<IndexProgress> report) : IProgress<IndexProgress>
    {
        void IProgress<IndexProgress>.Report(IndexProgress value) => report(value);
    }
}
