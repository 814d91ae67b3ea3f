using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Search.Collections;
using Rge.Tests.Shared.Stores;

namespace Rge.Search.Tests;

public sealed class SqliteMetadataTests : MetadataTests
{
    protected override Task<ITestStores> CreateAsync() => Task.FromResult<ITestStores>(new SqliteFile());
}

public sealed class PostgresMetadataTests(PostgresServer server) : MetadataTests
{
    protected override async Task<ITestStores> CreateAsync() => await PostgresSchema.CreateAsync(server);
}

public sealed class PlainMetadataTests : MetadataTests
{
    protected override Task<ITestStores> CreateAsync() => Task.FromResult<ITestStores>(new PlainStores());
}

/// <summary>Filters, and what is done to all records that they find.</summary>
public abstract class MetadataTests : StoreTest
{
    private static readonly string[][] Tags =
    [
        ["year=2019", "price=9.5", "new=true"],
        ["year=2020", "price=10", "date=2024-01-31", "size=3", "size=40"],
        ["year=2021", "price=1e1", "date=2024-02-01", "name=müller"],
        ["year=02021", "price=-3", "name=zoë"],
        ["year=2020x", "price=1e999", "date=2023-12-31T10:00:00Z"],
        ["years=2030", "year= 2022", "name=😀"],
        [],
    ];

    [Theory]
    [InlineData("year>=2020", "1 2")]
    [InlineData("year > 2020", "2")]
    [InlineData("year<2020", "0")]
    [InlineData("year<=2020.0", "0 1")]
    [InlineData("price<10", "0 3")]
    [InlineData("price>=10", "1 2")]
    [InlineData("price>-3.5", "0 1 2 3")]
    [InlineData("size>30", "1")]
    [InlineData("size<30", "1")]
    [InlineData("date>=2024-02-01", "2")]
    [InlineData("date<2024", "")]
    [InlineData("date<2024-01-01", "4")]
    [InlineData("name>m", "2 3 5")]
    [InlineData("name>n", "3 5")]
    [InlineData("name>ｚ", "5")]
    [InlineData("price=10.0", "1")]
    [InlineData("price!=10", "0 2 3 4 5 6")]
    [InlineData("year!=2020", "0 2 3 4 5 6")]
    [InlineData("year = 2020", "1")]
    [InlineData("new=true", "0")]
    [InlineData("year>=2019 year<=2020 price<10", "0")]
    [InlineData("year=2019 year=2021 price>9.5", "2")]
    public async Task Conditions_find_the_records_that_meet_them(string conditions, string expected)
    {
        var collection = await FilledAsync();
        // Words are conditions but for spaces around a sign.
        var filter = SearchFilter.Parse(
            conditions.Contains(" > ", StringComparison.Ordinal) || conditions.Contains(" = ", StringComparison.Ordinal)
                ? [conditions]
                : conditions.Split(' ')
        );
        Assert.Equal(expected, Ids(await collection.ListAsync(0, 99, filter, Cancel)));
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length, await collection.CountAsync(filter, Cancel));
        Assert.Equal(expected, Ids((await collection.SearchAsync(new float[] { 1, 1, 1 }, 99, filter, Cancel)).Select(hit => hit.Record)));
    }

    [Fact]
    public async Task What_a_filter_finds_is_deleted_with_all_that_belongs_to_it()
    {
        var collection = await FilledAsync();
        Assert.Equal(2, await collection.DeleteAsync(SearchFilter.Parse(["year>=2020"]), Cancel));
        Assert.Equal("0 3 4 5 6", Ids(await collection.ListAsync(0, 99, cancellationToken: Cancel)));
        Assert.Equal(5, await collection.CountAsync(cancellationToken: Cancel));
        Assert.Equal(5, await collection.DeleteAsync(new SearchFilter(), Cancel));
        Assert.Equal(0, await collection.CountAsync(cancellationToken: Cancel));
    }

    [Fact]
    public async Task Records_come_with_vectors_where_asked_and_are_written_again()
    {
        var collection = await FilledAsync();
        var record = Assert.Single(await collection.GetAsync(["2"], includeVectors: true, Cancel));
        Assert.Equal([3, 1, 2], record.Vector.ToArray());
        record.Tags = ["year=1999"];
        await collection.UpsertAsync([record], Cancel);
        Assert.Equal("2", Ids(await collection.ListAsync(0, 9, SearchFilter.Parse(["year<2000"]), Cancel)));
        var without = Assert.Single(await collection.GetAsync(["key 2"], Cancel));
        Assert.Contains(
            "has no vector",
            (await Assert.ThrowsAsync<ArgumentException>(() => collection.UpsertAsync([without], Cancel))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task An_exported_collection_is_the_same_in_another_store()
    {
        var collection = await FilledAsync();
        await collection.Tables.Thumbnails.UpsertAsync(new ThumbnailRecord { Id = "1", Jpeg = Convert.ToBase64String([1, 2, 3]) }, Cancel);
        await collection.Tables.Places.UpsertAsync(
            new PlaceRecord
            {
                Id = PlaceRecord.IdOf("s", "n"),
                Source = "s",
                Name = "n",
                Stamp = "t",
                Item = "1",
            },
            Cancel
        );
        var path = Path.Combine(Folder, "c.jsonl");
        await using (var writer = File.CreateText(path))
            Assert.Equal(Tags.Length, await CollectionFile.WriteAsync(collection, writer, cancellationToken: Cancel));

        var other = await OpenCollections().CreateAsync("d", CollectionFile.ReadIdentity(path), Cancel);
        Assert.Equal(Tags.Length, await other.ImportAsync(CollectionFile.ReadAsync(path, Cancel), Cancel));
        Assert.Equal(await collection.StatsAsync(Cancel), await other.StatsAsync(Cancel));
        var (before, after) = (
            await collection.ExportAsync(cancellationToken: Cancel).ToListAsync(Cancel),
            await other.ExportAsync(cancellationToken: Cancel).ToListAsync(Cancel)
        );
        Assert.Equivalent(
            before.Select(entry => new
            {
                entry.Record.Id,
                entry.Record.Key,
                entry.Record.Tags,
                Vector = entry.Record.Vector.ToArray(),
                entry.Thumbnail,
                entry.Places,
            }),
            after.Select(entry => new
            {
                entry.Record.Id,
                entry.Record.Key,
                entry.Record.Tags,
                Vector = entry.Record.Vector.ToArray(),
                entry.Thumbnail,
                entry.Places,
            }),
            strict: true
        );
        Assert.Equal([1, 2, 3], after[1].Thumbnail!);
        Assert.Equal(new EntryPlace("s", "n", "t"), Assert.Single(after[1].Places));
        Assert.Equal(["s"], (await other.SourcesAsync(Cancel)).Keys);

        await File.AppendAllTextAsync(path, "{}\n", Cancel);
        Assert.Contains(
            $"line {Tags.Length + 2} is not a record",
            (await Assert.ThrowsAsync<SearchException>(() => other.ImportAsync(CollectionFile.ReadAsync(path, Cancel), Cancel))).Message,
            StringComparison.Ordinal
        );
        await RefuseDamagedRecordsAsync(other, path);
        await File.WriteAllTextAsync(path, "{\"id\": \"1\"}\n", Cancel);
        Assert.Contains(
            "is not an exported collection",
            Assert.Throws<SearchException>(() => CollectionFile.ReadIdentity(path)).Message,
            StringComparison.Ordinal
        );
    }

    private static async Task RefuseDamagedRecordsAsync(SearchCollection collection, string path)
    {
        var lines = await File.ReadAllLinesAsync(path, Cancel);
        var vector = (string)JsonNode.Parse(lines[1])!["vector"]!;
        var bytes = Convert.FromBase64String(vector);
        foreach (
            var (member, value, message) in (IEnumerable<(string, string?, string)>)
                [
                    ("id", null, "id is missing, expected a text"),
                    ("id", "3", "id is a number, expected a text"),
                    ("id", "\"\"", "it has no id"),
                    ("id", "\"\\ud800\"", "id has half of a character in it"),
                    ("kind", null, "kind is missing, expected the kind of an item"),
                    ("kind", "\"sound\"", "kind is a text, expected one of"),
                    ("text", "[]", "text is a list, expected a text"),
                    ("metadata", null, "metadata is missing, expected a list of texts"),
                    ("metadata", "[null]", "metadata[0] is null, expected a text"),
                    ("vector", null, "vector is missing, expected a text"),
                    ("vector", "\"AAA\"", "vector is not valid base64"),
                    ("vector", Quoted(bytes[..^1]), $"vector has {bytes.Length - 1} bytes, expected {bytes.Length} for"),
                    ("vector", Quoted(bytes[..^4]), $"vector has {bytes.Length - 4} bytes, expected {bytes.Length} for"),
                    ("vector", Quoted([.. bytes, 0, 0, 0, 0]), $"vector has {bytes.Length + 4} bytes, expected {bytes.Length} for"),
                    ("vector", Quoted(new byte[bytes.Length]), "it has a vector of the length 0"),
                    ("thumbnail", "\"?\"", "thumbnail is not valid base64"),
                    ("places", null, "places is missing, expected a list of places"),
                    ("places", "[[\"s\", \"n\"]]", "places[0] is a list, expected a list of source, name and stamp"),
                    ("places", "[[\"s\", \"n\", null]]", "places[0][2] is null, expected a text"),
                ]
        )
        {
            var row = JsonNode.Parse(lines[1])!.AsObject();
            row.Remove(member);
            var text = value is null ? row.ToJsonString() : row.ToJsonString()[..^1] + $",\"{member}\":{value}}}";
            await File.WriteAllLinesAsync(path, [lines[0], text], Cancel);
            Assert.StartsWith(
                $"{path}, line 2 is not a record of an exported collection: {message}",
                (
                    await Assert.ThrowsAsync<SearchException>(() => collection.ImportAsync(CollectionFile.ReadAsync(path, Cancel), Cancel))
                ).Message,
                StringComparison.Ordinal
            );
        }
        foreach (var row in (string[])["[]", "1", "{"])
        {
            await File.WriteAllLinesAsync(path, [lines[0], row], Cancel);
            await Assert.ThrowsAsync<SearchException>(() => collection.ImportAsync(CollectionFile.ReadAsync(path, Cancel), Cancel));
        }

        static string Quoted(byte[] bytes) => $"\"{Convert.ToBase64String(bytes)}\"";
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"model\":null,\"fingerprint\":\"f\",\"dimensions\":3}")]
    [InlineData("{\"model\":\"m\",\"fingerprint\":null,\"dimensions\":3}")]
    [InlineData("{\"model\":\"m\",\"fingerprint\":\"f\"}")]
    [InlineData("{\"model\":\"m\",\"fingerprint\":\"f\",\"dimensions\":0}")]
    [InlineData("{\"model\":\"m\",\"fingerprint\":\"f\",\"dimensions\":3,\"index\":9}")]
    [InlineData("{\"model\":\"\\ud800\",\"fingerprint\":\"f\",\"dimensions\":3}")]
    public async Task An_export_without_an_identity_is_refused(string identity)
    {
        var path = Path.Combine(Folder, "c.jsonl");
        foreach (var version in (string[])["1", "\"1\"", "0"])
        {
            await File.WriteAllTextAsync(
                path,
                $"{{\"format\":\"rge-collection\",\"version\":{version},\"identity\":{identity}}}\n",
                Cancel
            );
            Assert.Contains(
                "is not an exported collection",
                Assert.Throws<SearchException>(() => CollectionFile.ReadIdentity(path)).Message,
                StringComparison.Ordinal
            );
        }
        await File.WriteAllTextAsync(path, "{\"format\":\"rge-collection\",\"version\":2}\n", Cancel);
        Assert.Contains(
            "has version 2, but this program knows versions up to 1",
            Assert.Throws<SearchException>(() => CollectionFile.ReadIdentity(path)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(
        """{"n": 10.0, "m": 1e3, "k": 0.50, "l": -0, "b": false, "t": "10.0", "z": null, "a": [1, "x", true]}""",
        "a=1 a=true a=x b=false k=0.5 l=0 m=1000 n=10 t=10.0"
    )]
    [InlineData("""{"id": 12345678901234567890}""", "id=12345678901234567890")]
    public void Numbers_and_truth_values_are_written_in_one_way(string json, string expected)
    {
        using var document = JsonDocument.Parse(json);
        Assert.Equal(
            expected,
            string.Join(
                ' ',
                MetadataValue.Read(document.RootElement).Select(entry => $"{entry.Key}={entry.Value}").Order(StringComparer.Ordinal)
            )
        );
    }

    private async Task<SearchCollection> FilledAsync()
    {
        var collection = await OpenCollections()
            .CreateAsync(
                "c",
                new CollectionIdentity
                {
                    Model = "m",
                    Fingerprint = "f",
                    Dimensions = 3,
                },
                Cancel
            );
        await collection.UpsertAsync(
            [
                .. Tags.Select(
                    (tags, i) =>
                        new SearchRecord
                        {
                            Id = i.ToString(CultureInfo.InvariantCulture),
                            Key = $"key {i}",
                            Tags = [.. tags],
                            Vector = new float[] { i + 1, 1, 2 },
                        }
                ),
            ],
            Cancel
        );
        return collection;
    }

    private static string Ids(IEnumerable<SearchRecord> records) =>
        string.Join(' ', records.Select(record => record.Id).Order(StringComparer.Ordinal));
}
