using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Rge.Search.Collections;
using Rge.Tests.Shared;
using Rge.Tests.Shared.Stores;

namespace Rge.Cli.Tests;

/// <summary>Servers as processes of their own: killed (-9) at any moment, or with a store that goes away.</summary>
public sealed class ServeFaultTests : IDisposable
{
    private const int Kills = 20,
        Clients = 4;

    private readonly ImageFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_twenty_times_a_server_loses_nothing_that_it_acknowledged_and_has_nothing_twice()
    {
        var (random, acknowledged) = (TestRandom.Create(), new ConcurrentDictionary<string, byte>(StringComparer.Ordinal));
        for (var kill = 0; kill < Kills; kill++)
        {
            using var served = await ServedProcess.StartAsync(ImageFolder.Model, _folder.Store);
            await served.PostAsync("/v1/collections", """{"name":"items"}""");
            var clients = Enumerable.Range(0, Clients).Select(client => AddAsync(served, $"{kill}.{client}", acknowledged)).ToList();
            // Some time after its start, or so long after it has acknowledged so many.
            var (moment, before) = (kill % 4, acknowledged.Count);
            await UntilAsync(() => acknowledged.Count >= before + 4 * moment);
            await Task.Delay(random.Next(moment == 0 ? 600 : 150), Cancel);
            served.Process.Kill();
            await Task.WhenAll(clients);
            var stored = await StoredAsync(_folder.Store);
            Assert.Equal(stored.Distinct(), stored);
            Assert.Subset(stored.ToHashSet(), acknowledged.Keys.ToHashSet());
        }
        Assert.NotEmpty(acknowledged);
    }

    [Fact]
    public async Task A_store_that_restarts_under_load_fails_requests_cleanly_and_loses_nothing()
    {
        if (PostgresServer.Problem is { } problem)
            Assert.Skip(problem);
        await using var own = new PostgresServer();
        var store = await own.CreateSchemaAsync();
        using var served = await ServedProcess.StartAsync(ImageFolder.Model, store);
        await served.PostAsync("/v1/collections", """{"name":"items"}""");
        var (acknowledged, statuses, stop) = (
            new ConcurrentDictionary<string, byte>(StringComparer.Ordinal),
            new ConcurrentBag<int>(),
            new CancellationTokenSource()
        );
        var clients = Enumerable
            .Range(0, Clients)
            .Select(client => AddAsync(served, $"c{client}", acknowledged, statuses, stop.Token))
            .ToList();
        await UntilAsync(() => acknowledged.Count > 20);
        await own.StopAsync();
        await UntilAsync(() => statuses.Contains(503));
        await own.StartAsync();
        var before = acknowledged.Count;
        await UntilAsync(() => acknowledged.Count > before + 20);
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        Assert.Equal([200, 503], statuses.Distinct().Order());
        var stored = await StoredAsync(store);
        Assert.Equal(stored.Distinct(), stored);
        Assert.Subset(stored.ToHashSet(), acknowledged.Keys.ToHashSet());
    }

    /// <summary>Adds items until the server is gone, or it is stopped.</summary>
    private static async Task AddAsync(
        ServedProcess served,
        string name,
        ConcurrentDictionary<string, byte> acknowledged,
        ConcurrentBag<int>? statuses = null,
        CancellationToken stop = default
    )
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            try
            {
                using var response = await served.SendAsync(
                    "/v1/collections/items/items",
                    $$"""{"items":[{"text":"{{name}} item {{i}}"},{"text":"{{name}} item {{i}}, too"}]}"""
                );
                statuses?.Add((int)response.StatusCode);
                if (!response.IsSuccessStatusCode)
                    continue;
                foreach (var id in JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!["ids"]!.AsArray())
                    acknowledged[(string)id!] = 0;
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                return;
            }
        }
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var tries = 0; !holds(); tries++)
        {
            Assert.True(tries < 6000, "what was waited for did not come");
            await Task.Delay(20, Cancel);
        }
    }

    private static async Task<List<string>> StoredAsync(string store)
    {
        using var collections = SearchCollections.Open(store);
        using var collection = await collections.OpenAsync("items", Cancel);
        return [.. (await collection.ListAsync(0, 100_000, cancellationToken: Cancel)).Select(record => record.Id)];
    }

    public void Dispose() => _folder.Dispose();
}
