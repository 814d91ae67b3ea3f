using System.Diagnostics;
using Npgsql;
using Rge.Search;
using Rge.Search.Collections;

namespace Rge.Bench;

/// <summary>
/// Approximate against exact search on the same vectors: how many of the ten nearest the index finds, how long a search takes, and what it
/// keeps in memory or on disk.
/// </summary>
internal static class RecallBenchmark
{
    private const int Top = 10,
        Queries = 200,
        Batch = 1000,
        Clusters = 1000,
        LatentDimensions = 24;

    public static async Task RunAsync(string postgres, int count, int dimensions)
    {
        var vectors = Vectors(count + Queries, dimensions);
        var queries = vectors[count..];
        var name = $"recall-{Environment.ProcessId}";
        var file = Path.Combine(Path.GetTempPath(), $"{name}.db");
        var identity = new CollectionIdentity
        {
            Model = "none",
            Fingerprint = "none",
            Dimensions = dimensions,
        };
        try
        {
            using var exactStore = SearchCollections.Open(file);
            using var exact = await exactStore.CreateAsync(name, identity);
            Console.WriteLine(
                $"SQLite: {count} vectors of {dimensions} written in {await FillAsync(exact, vectors[..count]):f1} s, "
                    + $"{new FileInfo(file).Length / 1e6:f0} MB"
            );
            var before = Process.GetCurrentProcess().WorkingSet64;
            Console.WriteLine(
                $"SQLite: first search, which reads them, {(await TimedAsync(exact, queries[0])).Milliseconds:f0} ms; "
                    + $"{(Process.GetCurrentProcess().WorkingSet64 - before) / 1e6:f0} MB more in memory"
            );

            using var indexedStore = SearchCollections.Open(postgres);
            using var indexed = await indexedStore.CreateAsync(name, identity with { Index = CollectionIndex.Hnsw });
            // Made at once when all vectors are there, the index takes a fraction of the time that it takes to grow with each.
            await ExecuteAsync(postgres, $"DROP INDEX \"{name}.Vector\"");
            Console.WriteLine($"PostgreSQL: written in {await FillAsync(indexed, vectors[..count]):f1} s");
            var watch = Stopwatch.StartNew();
            using (await indexedStore.OpenAsync(name))
                Console.WriteLine($"PostgreSQL: indexed in {watch.Elapsed.TotalSeconds:f1} s");
            foreach (var (what, bytes) in await SizesAsync(postgres, name))
                Console.WriteLine($"PostgreSQL: {what} {bytes / 1e6:f0} MB");

            var (found, exactTimes, indexedTimes) = (0, new List<double>(), new List<double>());
            await TimedAsync(indexed, queries[0]);
            foreach (var query in queries)
            {
                var (expected, ms) = await TimedAsync(exact, query);
                exactTimes.Add(ms);
                var (hits, indexedMs) = await TimedAsync(indexed, query);
                indexedTimes.Add(indexedMs);
                found += hits.Intersect(expected, StringComparer.Ordinal).Count();
            }
            Console.WriteLine($"recall@{Top} of {Queries} queries: {found / (double)(Top * Queries):f4}");
            Print("SQLite, exact", exactTimes);
            Print("PostgreSQL, HNSW", indexedTimes);
            await indexedStore.DeleteAsync(name);
        }
        finally
        {
            foreach (var path in (string[])[file, $"{file}-wal", $"{file}-shm"])
                File.Delete(path);
        }
    }

    private static async Task<double> FillAsync(SearchCollection collection, IReadOnlyList<float[]> vectors)
    {
        var watch = Stopwatch.StartNew();
        foreach (var batch in vectors.Index().Chunk(Batch))
            await collection.UpsertAsync([.. batch.Select(one => new SearchRecord { Id = $"{one.Index:d7}", Vector = one.Item })]);
        return watch.Elapsed.TotalSeconds;
    }

    private static async Task<(string[] Ids, double Milliseconds)> TimedAsync(SearchCollection collection, float[] query)
    {
        var watch = Stopwatch.StartNew();
        var hits = await collection.SearchAsync(query, Top);
        return ([.. hits.Select(hit => hit.Record.Id)], watch.Elapsed.TotalMilliseconds);
    }

    private static async Task ExecuteAsync(string postgres, string statement)
    {
        await using var connection = new NpgsqlConnection(postgres);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<List<(string What, long Bytes)>> SizesAsync(string postgres, string name)
    {
        await using var connection = new NpgsqlConnection(postgres);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relname IN ($1, $1 || '.Vector') ORDER BY 1",
            connection
        );
        command.Parameters.Add(new NpgsqlParameter { Value = name });
        await using var reader = await command.ExecuteReaderAsync();
        var sizes = new List<(string, long)>();
        while (await reader.ReadAsync())
            sizes.Add((reader.GetString(0) == name ? "table and indices" : "of it the HNSW index", reader.GetInt64(1)));
        return sizes;
    }

    private static void Print(string what, List<double> times)
    {
        double[] sorted = [.. times.Order()];
        Console.WriteLine($"{what}: median {sorted.Median():f1} ms, 95 % within {sorted[sorted.Length * 95 / 100]:f1} ms");
    }

    /// <summary>
    /// Vectors as embeddings are: in clusters, and with far fewer dimensions than they are written in. Uniform noise would have no near
    /// neighbours worth finding.
    /// </summary>
    private static float[][] Vectors(int count, int dimensions)
    {
        var random = new Random(1);
        var projection = Normal(random, LatentDimensions * dimensions);
        float[][] centres = [.. Enumerable.Range(0, Clusters).Select(_ => Normal(random, LatentDimensions))];
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ =>
                {
                    var (centre, noise, own, vector) = (
                        centres[random.Next(Clusters)],
                        Normal(random, LatentDimensions),
                        Normal(random, dimensions),
                        new float[dimensions]
                    );
                    for (var i = 0; i < LatentDimensions; i++)
                    for (var j = 0; j < dimensions; j++)
                        vector[j] += (centre[i] + 0.7f * noise[i]) * projection[i * dimensions + j];
                    for (var j = 0; j < dimensions; j++)
                        vector[j] += own[j];
                    return vector;
                }),
        ];
    }

    private static float[] Normal(Random random, int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))),
        ];
}
