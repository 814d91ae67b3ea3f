using Rge.Search.Indexing;

namespace Rge.Search.Tests;

/// <summary>What the indexer does with the metadata of items and rows.</summary>
public abstract partial class IndexerTests
{
    [Fact]
    public async Task Rows_have_keys_texts_images_and_metadata()
    {
        Write("pictures/a.png", ShapeWorldModel.Image(0));
        await File.WriteAllLinesAsync(
            InFolder("rows.jsonl"),
            [
                """{"id": "1", "text": "a red circle", "metadata": {"color": "red", "year": 2020, "tags": ["x", "y"],"""
                    + """ "new": true, "none": null}}""",
                """{"id": 2, "image": "pictures/a.png", "metadata": {"color": "blue"}}""",
                """{"text": "two of it", "images": ["pictures/a.png", "pictures/a.png"]}""",
                """{"text": "two of it", "images": ["pictures/a.png", "pictures/a.png"]}""",
                "",
                """{"id": "1", "text": "another"}""",
                """{"id": "3", "image": "missing.png"}""",
                """{"id": "4"}""",
                """{"id": "5", "txt": "typo"}""",
                """{"id": "6", "text": "a", "text": "b"}""",
                """{"id": "7", "images": [null]}""",
                """{"id": "8", "text": "x", "metadata": {"a": {"b": 1}}}""",
                """{"id": "9", "text": "<|image_2|>", "image": "pictures/a.png"}""",
                "[1]",
                "{",
            ],
            Cancel
        );
        var collection = await CollectionAsync();
        var outcome = await IndexAsync(collection, source: new JsonLinesSource(InFolder("rows.jsonl")));
        Assert.Equal((4, 4), (outcome.Stored, outcome.Embedded));
        int[] lines = [6, 7, 8, 9, 10, 11, 12, 14, 15];
        Assert.Equal(lines.Select(line => $"{InFolder("rows.jsonl")}, line {line}"), outcome.Broken.Select(broken => broken.Place));
        Assert.Equal(lines, outcome.Broken.Select(broken => broken.Line!.Value));
        var records = (await collection.ListAsync(0, 9, cancellationToken: Cancel)).ToDictionary(record => record.Label);
        Assert.Equal(["1", "2", "9", "a.png"], records.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["Text", "Image", "ImageAndText"], (string[])[records["1"].Kind, records["2"].Kind, records["a.png"].Kind]);
        Assert.Equal("<|image_2|>", records["9"].Text);
        Assert.Equal(["color=red", "new=true", "tags=x", "tags=y", "year=2020"], records["1"].Tags.Order(StringComparer.Ordinal));

        // What is broken may be there still: nothing leaves.
        await File.WriteAllLinesAsync(InFolder("rows.jsonl"), ["{", """{"id": "1", "text": "changed"}"""], Cancel);
        outcome = await IndexAsync(collection, source: new JsonLinesSource(InFolder("rows.jsonl")));
        Assert.Equal((1, 0), (outcome.Stored, outcome.Removed));
        await File.WriteAllLinesAsync(InFolder("rows.jsonl"), ["""{"id": "1", "text": "changed"}"""], Cancel);
        outcome = await IndexAsync(collection, source: new JsonLinesSource(InFolder("rows.jsonl")));
        Assert.Equal((1, 3), (outcome.Unchanged, outcome.Removed));
        Assert.Equal("changed", Assert.Single(await collection.ListAsync(0, 9, cancellationToken: Cancel)).Text);
    }

    [Fact]
    public async Task Metadata_of_rows_change_without_embedding_and_updates_last_until_the_item_comes_again()
    {
        string[] Rows(string color) =>
            [
                .. Enumerable
                    .Range(0, 3)
                    .Select(i => $"{{\"id\": \"{i}\", \"text\": \"ring {i}\", \"metadata\": {{\"color\": \"{color}\"}}}}"),
            ];
        await File.WriteAllLinesAsync(InFolder("rows.jsonl"), Rows("red"), Cancel);
        var collection = await CollectionAsync();
        await IndexAsync(collection, source: new JsonLinesSource(InFolder("rows.jsonl")));
        await File.WriteAllLinesAsync(InFolder("rows.jsonl"), Rows("blue"), Cancel);
        Assert.Equivalent(
            new IndexOutcome(3, 0, 0, 0, []),
            await IndexAsync(collection, source: new JsonLinesSource(InFolder("rows.jsonl"))),
            strict: true
        );
        Assert.All(await collection.ListAsync(0, 9, cancellationToken: Cancel), record => Assert.Equal(["color=blue"], record.Tags));

        var item = new SearchItem
        {
            Key = "k",
            Text = "x",
            Metadata = [new("a", "1")],
        };
        var indexer = new Indexer(collection, Model.Embedder);
        await indexer.AddAsync([item], Cancel);
        Assert.Equal(1, await collection.UpdateMetadataAsync("k", [new("a", "2"), new("b", "3")], Cancel));
        var updated = Assert.Single(await collection.GetAsync(["k"], Cancel));
        Assert.Equal((item.Id(), "a=2 b=3"), (updated.Id, string.Join(' ', updated.Tags)));
        Assert.Equivalent(new IndexOutcome(1, 0, 0, 0, []), await indexer.AddAsync([item], Cancel), strict: true);
        Assert.Equal(["a=1"], Assert.Single(await collection.GetAsync(["k"], Cancel)).Tags);
        Assert.Equal(0, await collection.UpdateMetadataAsync("nobody", [], Cancel));
    }

    [Fact]
    public async Task What_a_source_says_of_its_items_is_back_when_it_is_indexed_again()
    {
        const string Rows = """{"id": "a", "text": "ring", "metadata": {"color": "red"}}""";
        await File.WriteAllTextAsync(InFolder("rows.jsonl"), Rows, Cancel);
        var (collection, source) = (await CollectionAsync(), new JsonLinesSource(InFolder("rows.jsonl")));
        await IndexAsync(collection, source: source);

        await collection.UpdateMetadataAsync("a", [new("color", "blue")], Cancel);
        Assert.Equal(["color=blue"], Assert.Single(await collection.GetAsync(["a"], Cancel)).Tags);
        await AssertIsBackAsync();

        foreach (
            var change in (Action<SearchRecord>[])
                [record => record.Tags = ["color=green"], record => record.Text = "x", record => record.Key = "b"]
        )
        {
            var record = Assert.Single(await collection.GetAsync(["a"], includeVectors: true, Cancel));
            change(record);
            await collection.UpsertAsync([record], Cancel);
            await AssertIsBackAsync();
        }
        // Written as it is, it stays as it is.
        await collection.UpsertAsync(await collection.GetAsync(["a"], includeVectors: true, Cancel), Cancel);
        Assert.Equivalent(new IndexOutcome(0, 0, 1, 0, []), await IndexAsync(collection, source: source), strict: true);

        async Task AssertIsBackAsync()
        {
            Assert.Equivalent(new IndexOutcome(1, 0, 0, 0, []), await IndexAsync(collection, source: source), strict: true);
            var record = Assert.Single(await collection.ListAsync(0, 9, cancellationToken: Cancel));
            Assert.Equal(("a", "ring", "color=red"), (record.Key, record.Text, Assert.Single(record.Tags)));
            Assert.Equivalent(new IndexOutcome(0, 0, 1, 0, []), await IndexAsync(collection, source: source), strict: true);
        }
    }

    [Fact]
    public async Task Metadata_for_every_item_change_with_the_next_run()
    {
        Write("a.txt", "a"u8);
        var collection = await CollectionAsync();
        foreach (var year in (string[])["2020", "2021"])
        {
            var options = new IndexOptions { Metadata = [new("year", year)] };
            Assert.Equal(1, (await IndexAsync(collection, options)).Stored);
            Assert.Equal(1, (await IndexAsync(collection, options)).Unchanged);
            Assert.Equal([$"year={year}"], Assert.Single(await collection.ListAsync(0, 9, cancellationToken: Cancel)).Tags);
        }
        Assert.Equal((1, 0), (await IndexAsync(collection)) is var outcome ? (outcome.Stored, outcome.Embedded) : default);
        Assert.Empty(Assert.Single(await collection.ListAsync(0, 9, cancellationToken: Cancel)).Tags);
    }

    [Fact]
    public async Task An_item_whose_metadata_will_not_do_costs_no_other()
    {
        var collection = await CollectionAsync();
        var many = Enumerable.Range(0, 5000).Select(i => KeyValuePair.Create($"k{i}", "v")).ToArray();
        var outcome = await new Indexer(collection, Model.Embedder).AddAsync(
            [
                new() { Text = "fine" },
                new() { Text = "a", Metadata = [new("a<b", "1")] },
                new() { Text = "b", Metadata = [new("a", new string('x', 3000))] },
                new() { Text = "c", Metadata = many },
                new() { Text = "d", Key = new string('k', 1001) },
                new() { Text = "also fine" },
            ],
            Cancel
        );
        Assert.Equal((2, 2), (outcome.Stored, outcome.Embedded));
        Assert.Equal([1, 2, 3, 4], outcome.Broken.Select(broken => broken.Index).Order());
        Assert.Equal(
            [
                "The metadata key 'a<b' cannot be used, expected a name without =, !, < and >, and no space around it.",
                "The metadata 'a' has 3,002 bytes with its value, expected at most 2,000.",
                "The metadata has 5,000 values, expected at most 4,096.",
                "The key has 1,001 bytes, expected at most 1,000.",
            ],
            outcome.Broken.OrderBy(broken => broken.Index).Select(broken => broken.Problem)
        );
    }
}
