using Rge.Search.Collections;
using Rge.Tests.Shared;
using Rge.Tests.Shared.Stores;
using static Rge.Cli.Tests.CommandLine;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Rge.Cli.Tests;

/// <summary>Indexers as processes of their own, killed (-9) at any moment.</summary>
public sealed class IndexFaultTests(PostgresServer server) : IDisposable
{
    private const int Kills = 20;

    private readonly ImageFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_twenty_times_an_indexer_loses_nothing_that_it_acknowledged_and_has_nothing_twice()
    {
        const int Files = 60;
        var (random, written) = (TestRandom.Create(), 0);
        var ids = Enumerable.Range(0, Files).ToDictionary(i => $"{i:d2}.png", i => _folder.Write($"{i:d2}.png", written++));
        var acknowledged = new Dictionary<string, string>();
        for (var kill = 0; kill < Kills; kill++)
        {
            foreach (var name in await RunAndKillAsync(_folder.Store, random, moment: kill % 4))
                acknowledged[name] = ids[name];
            var stored = await StoredAsync(_folder.Store);
            Assert.Equal(stored.Distinct(), stored);
            Assert.Subset(stored.ToHashSet(), acknowledged.Values.ToHashSet());
            // There is always something to do: new, changed and deleted files, and copies of others.
            for (var i = 0; i < 12; i++)
            {
                var name = $"{random.Next(Files):d2}.png";
                acknowledged.Remove(name);
                if (i < 10)
                    ids[name] = _folder.Write(name, random.Next(6) == 0 ? random.Next(written) : written++);
                else if (ids.Remove(name))
                    File.Delete(_folder.Image(name));
            }
        }
        Assert.NotEmpty(acknowledged);
        await OutputAsync(Line(_folder.Store));
        Assert.Equal(ids.Values.Distinct().Order(StringComparer.Ordinal), (await StoredAsync(_folder.Store)).Order(StringComparer.Ordinal));
        Assert.Contains($" {ids.Count} unchanged", await OutputAsync(Line(_folder.Store)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_indexers_fill_one_collection_in_PostgreSQL_and_one_of_them_dies()
    {
        if (PostgresServer.Problem is { } problem)
            Assert.Skip(problem);
        var store = await server.CreateSchemaAsync();
        var ids = Enumerable.Range(0, 80).Select(i => _folder.Write($"{i:d2}.png", i)).ToList();
        var killed = RunAndKillAsync(store, TestRandom.Create(), moment: 1);
        var output = await OutputAsync(Line(store));
        await killed;
        Assert.EndsWith(", 0 broken\n", output, StringComparison.Ordinal);
        Assert.Equal(ids.Order(StringComparer.Ordinal), (await StoredAsync(store)).Order(StringComparer.Ordinal));
        Assert.Contains("80 unchanged", await OutputAsync(Line(store)), StringComparison.Ordinal);
    }

    /// <summary>Starts an indexer and kills it.</summary>
    /// <param name="store">The store.</param>
    /// <param name="random">Chooses the moment.</param>
    /// <param name="moment">0 for some time after its start, else so long after it has acknowledged so many batches.</param>
    /// <returns>The files that it has said are stored.</returns>
    private async Task<List<string>> RunAndKillAsync(string store, Random random, int moment)
    {
        using var process = Start(Line(store));
        var (stored, batches) = (new List<string>(), new SemaphoreSlim(0));
        var reading = Task.Run(
            async () =>
            {
                while (await process.StandardError.ReadLineAsync(Cancel) is { } line)
                {
                    if (!line.StartsWith("stored ", StringComparison.Ordinal))
                        continue;
                    stored.Add(line["stored ".Length..]);
                    if (stored.Count % 16 == 1)
                        batches.Release();
                }
            },
            Cancel
        );
        for (var i = 0; i < moment; i++)
            await Task.WhenAny(batches.WaitAsync(Cancel), process.WaitForExitAsync(Cancel));
        await Task.WhenAny(Task.Delay(random.Next(moment == 0 ? 2000 : 150), Cancel), process.WaitForExitAsync(Cancel));
        process.Kill();
        await process.WaitForExitAsync(Cancel);
        await reading;
        return stored;
    }

    private static async Task<List<string>> StoredAsync(string store)
    {
        if (!SearchCollections.IsServer(store) && !File.Exists(store))
            return [];
        using var collections = SearchCollections.Open(store);
        if (!(await collections.ListAsync(Cancel)).ContainsKey("items"))
            return [];
        using var collection = await collections.OpenAsync("items", Cancel);
        return [.. (await collection.ListAsync(0, 10_000, cancellationToken: Cancel)).Select(record => record.Id)];
    }

    private string[] Line(string store) => ["index", _folder.Images, "-m", ImageFolder.Model, "--store", store, "-v"];

    public void Dispose() => _folder.Dispose();
}
