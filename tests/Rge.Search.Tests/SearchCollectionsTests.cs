using Rge.Tests.Shared.Stores;

namespace Rge.Search.Tests;

public sealed class SqliteSearchCollectionsTests : SearchCollectionsTests
{
    protected override Task<ITestStores> CreateAsync() => Task.FromResult<ITestStores>(new SqliteFile());
}

public sealed class PostgresSearchCollectionsTests(PostgresServer server) : SearchCollectionsTests
{
    protected override async Task<ITestStores> CreateAsync() => await PostgresSchema.CreateAsync(server);
}

public sealed class IndexedPostgresSearchCollectionsTests(PostgresServer server) : SearchCollectionsTests
{
    protected override CollectionIndex Index => CollectionIndex.Hnsw;

    protected override async Task<ITestStores> CreateAsync() => await PostgresSchema.CreateAsync(server);
}

public sealed class PlainSearchCollectionsTests : SearchCollectionsTests
{
    protected override Task<ITestStores> CreateAsync() => Task.FromResult<ITestStores>(new PlainStores());
}

public abstract class SearchCollectionsTests : StoreTest
{
    protected virtual CollectionIndex Index => CollectionIndex.Exact;

    private CollectionIdentity Identity =>
        new()
        {
            Model = "m",
            Fingerprint = "f00",
            Dimensions = 3,
            Index = Index,
        };

    [Fact]
    public async Task A_collection_is_made_once_and_opened_from_then_on()
    {
        var collections = OpenCollections();
        await collections.CreateAsync("pictures", Identity with { Instruction = "Describe:" }, Cancel);
        var again = await OpenCollections().CreateAsync("pictures", Identity with { Instruction = "Describe:", Model = "renamed" }, Cancel);
        Assert.Equal(Identity with { Instruction = "Describe:" }, again.Identity);
        Assert.Equal(again.Identity, (await OpenCollections().OpenAsync("pictures", Cancel)).Identity);
        Assert.Equal(["pictures"], (await collections.ListAsync(Cancel)).Keys);
        Assert.True(await collections.DeleteAsync("pictures", Cancel));
        Assert.False(await collections.DeleteAsync("pictures", Cancel));
        Assert.Contains(
            "no collection pictures",
            (await Assert.ThrowsAsync<SearchException>(() => collections.OpenAsync("pictures", Cancel))).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(new CollectionStats(0, 0), await (await collections.CreateAsync("pictures", Identity, Cancel)).StatsAsync(Cancel));
    }

    [Fact]
    public async Task Another_model_is_refused_with_both_names()
    {
        var collections = OpenCollections();
        await collections.CreateAsync("c", Identity, Cancel);
        Assert.Equal(
            "The collection c was made with the model m (fingerprint f00), but this is n (fingerprint f01); use what it was made with, "
                + "or another collection.",
            await RefusalAsync(Identity with { Model = "n", Fingerprint = "f01" })
        );
        Assert.Contains("vectors of 3 dimensions, but 2", await RefusalAsync(Identity with { Dimensions = 2 }), StringComparison.Ordinal);
        Assert.Contains(
            "no instruction, but the instruction \"x\"",
            await RefusalAsync(Identity with { Instruction = "x" }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "reasoning off for items, but on",
            await RefusalAsync(Identity with { Reasoning = ReasoningMode.On }),
            StringComparison.Ordinal
        );

        async Task<string> RefusalAsync(CollectionIdentity identity) =>
            (await Assert.ThrowsAsync<SearchException>(() => collections.CreateAsync("c", identity, Cancel))).Message;
    }

    [Fact]
    public async Task Many_that_make_a_collection_at_once_agree_on_its_identity()
    {
        var collections = OpenCollections();
        var results = await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(i =>
                    Task.Run(async () =>
                    {
                        try
                        {
                            return (await collections.CreateAsync("c", Identity with { Fingerprint = $"{i}" }, Cancel))
                                .Identity
                                .Fingerprint;
                        }
                        catch (SearchException)
                        {
                            return null;
                        }
                    })
                )
        );
        var made = Assert.Single(results, result => result is not null);
        Assert.Equal(made, (await collections.OpenAsync("c", Cancel)).Identity.Fingerprint);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Upper")]
    [InlineData("a.places")]
    [InlineData("../x")]
    [InlineData("a b")]
    [InlineData("9")]
    [InlineData("a\n")]
    [InlineData("x\"; DROP TABLE y; --")]
    public async Task Names_that_are_none_are_refused(string name) =>
        await Assert.ThrowsAsync<SearchException>(() => OpenCollections().CreateAsync(name, Identity, Cancel));

    [Fact]
    public async Task Records_are_found_by_vector_filter_and_id()
    {
        var collection = await OpenCollections().CreateAsync("c", Identity, Cancel);
        await collection.UpsertAsync(
            [
                Record("a", [1, 0, 0], ItemKind.Text, "color=red", "year=2020"),
                Record("b", [0.9f, 0.1f, 0], ItemKind.Image, "color=red", "color=blue"),
                Record("c", [0, 1, 0], ItemKind.Image, "color=green", "year=2020"),
                Record("d", [0, 0, 1], ItemKind.ImageAndText),
            ],
            Cancel
        );
        Assert.Equal(["a", "b", "c"], await FindTopAsync([1, 0.01f, 0], 3, []));
        Assert.Equal(["b", "c"], await FindAsync([1, 0.01f, 0], "color=blue", "color=green"));
        Assert.Equal(["a", "c"], await FindAsync([1, 0.01f, 0], "year=2020"));
        Assert.Equal(["a"], await FindAsync([1, 0.01f, 0], "year=2020", "color=red"));
        Assert.Equal(["c", "d"], await FindAsync([0, 1, 0.01f], "color!=red"));
        Assert.Equal(
            ["d"],
            (await collection.SearchAsync(new float[] { 1, 1, 1 }, 9, new SearchFilter { Kind = ItemKind.ImageAndText }, Cancel)).Select(
                hit => hit.Record.Id
            )
        );
        Assert.Equal(
            ["blue", "red"],
            (await collection.GetAsync(["b", "x"], Cancel)).Single().Metadata["color"].Order(StringComparer.Ordinal)
        );
        Assert.Equal(["b", "c"], (await collection.ListAsync(1, 2, cancellationToken: Cancel)).Select(record => record.Id));
        Assert.Equal(new CollectionStats(4, 0), await collection.StatsAsync(Cancel));
        await collection.DeleteAsync(["a", "x"], Cancel);
        Assert.Equal(["b", "c", "d"], await FindAsync([1, 0.1f, 0.01f]));

        async Task<IEnumerable<string>> FindAsync(float[] query, params string[] conditions) => await FindTopAsync(query, 9, conditions);

        async Task<IEnumerable<string>> FindTopAsync(float[] query, int top, string[] conditions) =>
            (await collection.SearchAsync(query, top, SearchFilter.Parse(conditions), Cancel)).Select(hit => hit.Record.Id);
    }

    [Fact]
    public async Task A_filter_that_few_meet_still_finds_them_all()
    {
        var collection = await OpenCollections().CreateAsync("c", Identity with { Dimensions = 8 }, Cancel);
        var random = new Random(5);
        await collection.UpsertAsync(
            [
                .. Enumerable
                    .Range(0, 2000)
                    .Select(i =>
                        Record(
                            $"{i}",
                            [.. Enumerable.Range(0, 8).Select(_ => (float)random.NextDouble() - 0.5f)],
                            ItemKind.Text,
                            $"part={i % 200}"
                        )
                    ),
            ],
            Cancel
        );
        var hits = await collection.SearchAsync(new float[] { 1, 1, 1, 1, 0, 0, 0, 0 }, 10, SearchFilter.Parse(["part=7"]), Cancel);
        Assert.Equal(10, hits.Count);
        Assert.Equal(hits.Select(hit => hit.Score).OrderDescending(), hits.Select(hit => hit.Score));
    }

    [Fact]
    public async Task Vectors_that_point_nowhere_are_refused()
    {
        var collection = await OpenCollections().CreateAsync("c", Identity, Cancel);
        foreach (
            var vector in (float[][])
                [
                    [1, 2],
                    [0, 0, 0],
                    [1, float.NaN, 0],
                    [1, float.PositiveInfinity, 0],
                ]
        )
        {
            await Assert.ThrowsAsync<ArgumentException>(() => collection.UpsertAsync([Record("a", vector, ItemKind.Text)], Cancel));
            await Assert.ThrowsAsync<ArgumentException>(() => collection.SearchAsync(vector, 1, cancellationToken: Cancel));
        }
    }

    private static SearchRecord Record(string id, float[] vector, ItemKind kind, params string[] tags) =>
        new()
        {
            Id = id,
            Kind = kind.ToString(),
            Tags = [.. tags],
            Vector = vector,
        };
}
