using Microsoft.Extensions.VectorData;
using Rge.Tests.Shared.Stores;

namespace Rge.Search.Tests;

public sealed class SqliteVectorStoreTests : VectorStoreTests
{
    protected override Task<ITestStores> CreateAsync() => Task.FromResult<ITestStores>(new SqliteFile());
}

public sealed class PostgresVectorStoreTests(PostgresServer server) : VectorStoreTests
{
    protected override async Task<ITestStores> CreateAsync() => await PostgresSchema.CreateAsync(server);
}

/// <summary>What both stores do as VectorData asks it, for records of any type.</summary>
public abstract partial class VectorStoreTests : StoreTest
{
    private const int Dimensions = 16;

    internal sealed class Thing
    {
        [VectorStoreKey]
        public string Id { get; set; } = "";

        [VectorStoreData(IsIndexed = true)]
        public string? Color { get; set; }

        [VectorStoreData]
        public int Year { get; set; }

        [VectorStoreData]
        public double? Weight { get; set; }

        [VectorStoreData]
        public bool Sold { get; set; }

        [VectorStoreData(IsIndexed = true)]
        public List<string> Tags { get; set; } = [];

        [VectorStoreVector(Dimensions, DistanceFunction = DistanceFunction.CosineSimilarity)]
        public ReadOnlyMemory<float> Vector { get; set; }
    }

    [Fact]
    public async Task A_record_comes_back_as_it_was_written()
    {
        var things = await CreateThingsAsync();
        var thing = new Thing
        {
            Id = "ä \"quoted\" 'id'",
            Color = null,
            Year = -5,
            Weight = 0.1,
            Sold = true,
            Tags = ["a", "ö=\"x\"", ""],
            Vector = Vectors(1)[0],
        };
        await things.UpsertAsync(thing, Cancel);
        var found = await things.GetAsync(thing.Id, new() { IncludeVectors = true }, Cancel);
        Assert.Equivalent(thing, found, strict: true);
        Assert.Equal(thing.Vector.ToArray(), found!.Vector.ToArray());
        Assert.True((await things.GetAsync(thing.Id, cancellationToken: Cancel))!.Vector.IsEmpty);
        Assert.Null(await things.GetAsync("another", cancellationToken: Cancel));
    }

    [Fact]
    public async Task Writing_a_key_again_replaces_the_record()
    {
        var things = await CreateThingsAsync();
        var vectors = Vectors(2);
        await things.UpsertAsync(
            new Thing
            {
                Id = "a",
                Color = "red",
                Vector = vectors[0],
            },
            Cancel
        );
        await things.UpsertAsync(
            new Thing
            {
                Id = "a",
                Color = "blue",
                Vector = vectors[1],
            },
            Cancel
        );
        var hit = Assert.Single(await things.SearchAsync(vectors[1], 10, cancellationToken: Cancel).ToListAsync(Cancel));
        Assert.Equal("blue", hit.Record.Color);
        Assert.Equal(1, hit.Score!.Value, 5);
    }

    [Fact]
    public async Task What_is_deleted_is_not_found_any_more()
    {
        var things = await CreateThingsAsync();
        var vectors = Vectors(50);
        await things.UpsertAsync(vectors.Select((vector, i) => new Thing { Id = $"{i:d2}", Vector = vector }), Cancel);
        Assert.Equal(50, (await things.SearchAsync(vectors[0], 100, cancellationToken: Cancel).ToListAsync(Cancel)).Count);
        await things.DeleteAsync([.. Enumerable.Range(0, 25).Select(i => $"{2 * i:d2}"), "never there"], Cancel);
        await things.UpsertAsync(new Thing { Id = "new", Vector = vectors[0] }, Cancel);
        var hits = await things.SearchAsync(vectors[0], 100, cancellationToken: Cancel).ToListAsync(Cancel);
        Assert.Equal(
            [.. Enumerable.Range(0, 25).Select(i => $"{2 * i + 1:d2}"), "new"],
            hits.Select(hit => hit.Record.Id).Order(StringComparer.Ordinal)
        );
        Assert.Equal("new", hits[0].Record.Id);
    }

    [Fact]
    public async Task What_another_process_writes_and_deletes_is_seen()
    {
        var here = await CreateThingsAsync();
        var there = Open().GetCollection<string, Thing>("things");
        var vectors = Vectors(3);
        await here.UpsertAsync(new Thing { Id = "a", Vector = vectors[0] }, Cancel);
        Assert.Single(await here.SearchAsync(vectors[0], 9, cancellationToken: Cancel).ToListAsync(Cancel));
        await there.UpsertAsync(new Thing { Id = "b", Vector = vectors[1] }, Cancel);
        Assert.Equal("b", (await here.SearchAsync(vectors[1], 9, cancellationToken: Cancel).ToListAsync(Cancel))[0].Record.Id);
        await there.DeleteAsync("a", Cancel);
        Assert.Equal("b", Assert.Single(await here.SearchAsync(vectors[0], 9, cancellationToken: Cancel).ToListAsync(Cancel)).Record.Id);
        // Made anew under the same name, its rows are numbered from the beginning again.
        await there.EnsureCollectionDeletedAsync(Cancel);
        await there.EnsureCollectionExistsAsync(Cancel);
        await there.UpsertAsync(new Thing { Id = "c", Vector = vectors[2] }, Cancel);
        Assert.Equal("c", Assert.Single(await here.SearchAsync(vectors[2], 9, cancellationToken: Cancel).ToListAsync(Cancel)).Record.Id);
    }

    [Fact]
    public async Task Records_of_one_call_are_written_all_or_none()
    {
        var things = await CreateThingsAsync();
        await Assert.ThrowsAnyAsync<Exception>(() =>
            things.UpsertAsync(
                [
                    new Thing { Id = "a", Vector = Vectors(1)[0] },
                    new Thing
                    {
                        Id = "b",
                        Tags = null!,
                        Vector = new float[3],
                    },
                    new Thing { Id = null! },
                ],
                Cancel
            )
        );
        Assert.Empty(await things.GetAsync(_ => true, 9, cancellationToken: Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Many_writers_and_readers_at_once_lose_nothing()
    {
        var things = await CreateThingsAsync();
        VectorStoreCollection<string, Thing>[] writers =
        [
            things,
            Open().GetCollection<string, Thing>("things"),
            Open().GetCollection<string, Thing>("things"),
        ];
        var vectors = Vectors(120);
        await Parallel.ForAsync(0, 120, Cancel, async (i, cancel) =>
        {
            await writers[i % 3]
                .UpsertAsync(
                    new Thing
                    {
                        Id = $"{i % 60:d3}",
                        Year = i,
                        Vector = vectors[i % 60],
                    },
                    cancel
                );
            var hits = await writers[(i + 1) % 3].SearchAsync(vectors[i % 60], 1, cancellationToken: cancel).ToListAsync(cancel);
            Assert.Equal($"{i % 60:d3}", Assert.Single(hits).Record.Id);
        });
        Assert.Equal(60, await things.GetAsync(_ => true, 999, cancellationToken: Cancel).CountAsync(Cancel));
    }

    [Fact]
    public async Task Collections_are_listed_and_deleted()
    {
        var store = Open();
        var things = store.GetCollection<string, Thing>("things");
        Assert.False(await things.CollectionExistsAsync(Cancel));
        await things.EnsureCollectionExistsAsync(Cancel);
        await things.EnsureCollectionExistsAsync(Cancel);
        Assert.Equal(["things"], await store.ListCollectionNamesAsync(Cancel).ToListAsync(Cancel));
        Assert.True(await store.CollectionExistsAsync("things", Cancel));
        await store.EnsureCollectionDeletedAsync("things", Cancel);
        await store.EnsureCollectionDeletedAsync("things", Cancel);
        Assert.False(await things.CollectionExistsAsync(Cancel));
        var problem = await Assert.ThrowsAsync<VectorStoreException>(() => things.GetAsync("a", cancellationToken: Cancel));
        Assert.Contains("things", problem.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<VectorStoreException>(async () =>
            await things.SearchAsync(Vectors(1)[0], 1, cancellationToken: Cancel).ToListAsync(Cancel)
        );
    }

    [Fact]
    public async Task A_dynamic_collection_has_the_properties_of_its_definition()
    {
        var dynamic = Open()
            .GetDynamicCollection(
                "dynamic",
                new VectorStoreCollectionDefinition
                {
                    Properties =
                    [
                        new VectorStoreKeyProperty("key", typeof(string)),
                        new VectorStoreDataProperty("n", typeof(int)),
                        new VectorStoreVectorProperty("v", typeof(ReadOnlyMemory<float>), 2),
                    ],
                }
            );
        await dynamic.EnsureCollectionExistsAsync(Cancel);
        await dynamic.UpsertAsync([Row("a", 1, [1, 0]), Row("b", 2, [0, 1])], Cancel);
        var hit = Assert.Single(
            await dynamic.SearchAsync(new float[] { 1, 1 }, 2, new() { Filter = row => (int)row["n"]! > 1 }, Cancel).ToListAsync(Cancel)
        );
        Assert.Equal("b", hit.Record["key"]);

        static Dictionary<string, object?> Row(string key, int n, float[] v) =>
            new()
            {
                ["key"] = key,
                ["n"] = n,
                ["v"] = new ReadOnlyMemory<float>(v),
            };
    }

    [Fact]
    public void What_a_table_cannot_hold_is_refused()
    {
        var store = Open();
        Assert.Throws<NotSupportedException>(() => store.GetCollection<string, Dictionary<string, object?>>("x"));
        Assert.Throws<NotSupportedException>(() => store.GetCollection<Guid, Thing>("x"));
        Assert.Throws<NotSupportedException>(() =>
            store.GetCollection<string, Thing>(
                "x",
                new VectorStoreCollectionDefinition
                {
                    Properties =
                    [
                        new VectorStoreKeyProperty(nameof(Thing.Id), typeof(string)),
                        new VectorStoreVectorProperty(nameof(Thing.Vector), typeof(ReadOnlyMemory<float>), 2)
                        {
                            DistanceFunction = DistanceFunction.EuclideanDistance,
                        },
                    ],
                }
            )
        );
    }

    [Fact]
    public async Task Text_of_any_kind_is_kept()
    {
        var things = await CreateThingsAsync();
        var vector = Vectors(1)[0];
        var random = new Random(1);
        string[] texts =
        [
            .. Enumerable
                .Range(0, 100)
                .Select(_ => string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => (char)random.Next(1, 0xD800)))),
            "😀",
            "' OR 1=1; --",
            "\\ % _ {a,\"b\"}",
        ];
        await things.UpsertAsync(
            texts.Select(
                (text, i) =>
                    new Thing
                    {
                        Id = $"{i}",
                        Color = text,
                        Tags = [text, "x"],
                        Vector = vector,
                    }
            ),
            Cancel
        );
        foreach (var (i, text) in texts.Index())
        {
            Assert.Equal(text, (await things.GetAsync($"{i}", cancellationToken: Cancel))!.Color);
            Assert.Contains(
                await things.GetAsync(t => t.Tags.Contains(text) && t.Color == text, 200, cancellationToken: Cancel).ToListAsync(Cancel),
                thing => thing.Id == $"{i}"
            );
        }
    }

    private async Task<VectorStoreCollection<string, Thing>> CreateThingsAsync()
    {
        var things = Open().GetCollection<string, Thing>("things");
        await things.EnsureCollectionExistsAsync(Cancel);
        return things;
    }

    private static float[][] Vectors(int count, int seed = 1)
    {
        var random = new Random(seed);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ => Enumerable.Range(0, Dimensions).Select(_ => (float)random.NextDouble() * 2 - 1).ToArray()),
        ];
    }
}
