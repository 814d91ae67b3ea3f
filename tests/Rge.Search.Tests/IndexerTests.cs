using Rge.Search.Collections;
using Rge.Search.Indexing;
using Rge.Search.Stores;
using Rge.Tests.Shared.Stores;

namespace Rge.Search.Tests;

public sealed class SqliteIndexerTests(ShapeWorldModel model) : SharedIndexerTests(model)
{
    protected override Task<ITestStores> CreateAsync() => Task.FromResult<ITestStores>(new SqliteFile());
}

public sealed class PostgresIndexerTests(ShapeWorldModel model, PostgresServer server) : SharedIndexerTests(model)
{
    protected override async Task<ITestStores> CreateAsync() => await PostgresSchema.CreateAsync(server);
}

public sealed class PlainIndexerTests(ShapeWorldModel model) : IndexerTests(model)
{
    protected override Task<ITestStores> CreateAsync() => Task.FromResult<ITestStores>(new PlainStores());
}

/// <summary>Of stores that several processes may fill at once.</summary>
public abstract class SharedIndexerTests(ShapeWorldModel model) : IndexerTests(model)
{
    [Fact]
    public async Task Several_indexers_share_the_work_and_do_none_of_it_twice()
    {
        for (var i = 0; i < 40; i++)
            Write($"{i:d2}.png", ShapeWorldModel.Image(i % 36));
        await CollectionAsync();
        var outcomes = await Task.WhenAll(
            Enumerable.Range(0, 3).Select(_ => Task.Run(async () => await IndexAsync(await CollectionAsync(), Small)))
        );
        Assert.Equal(36, outcomes.Sum(outcome => outcome.Embedded));
        Assert.All(outcomes, outcome => Assert.Equal(40, outcome.Stored + outcome.Unchanged));
        Assert.Equal(new CollectionStats(36, 40), await (await CollectionAsync()).StatsAsync(Cancel));
    }

    [Fact]
    public async Task What_a_dead_indexer_held_is_taken_up_when_its_lease_is_over()
    {
        for (var i = 0; i < 4; i++)
            Write($"{i}.png", ShapeWorldModel.Image(i));
        var collection = await CollectionAsync();
        var claims = (IWorkClaims)Open().GetService(typeof(IWorkClaims))!;
        await claims.AcquireAsync(collection.Name, "on another machine", [Id(1), Id(2)], TimeSpan.FromHours(1), Cancel);
        var waiting = new TaskCompletionSource<string>();
        var run = IndexAsync(
            collection,
            Small,
            progress: new Progress(value =>
            {
                if (value.Remark is not null)
                    waiting.TrySetResult(value.Remark);
            })
        );
        Assert.Equal("waiting for 2 that other indexers work on", await waiting.Task);
        await claims.RenewAsync("on another machine", TimeSpan.FromSeconds(-1), Cancel);
        var outcome = await run;
        Assert.Equal((4, 4), (outcome.Stored, outcome.Embedded));
    }
}

public abstract partial class IndexerTests(ShapeWorldModel model) : IndexTest(model)
{
    [Fact]
    public async Task What_one_file_gives_up_and_another_takes_up_at_the_same_time_stays()
    {
        Write("a.png", ShapeWorldModel.Image(0));
        var collection = await CollectionAsync();
        await IndexAsync(collection);
        Write("b.png", ShapeWorldModel.Image(0));
        Write("a.png", ShapeWorldModel.Image(1));
        await IndexAsync(collection);
        Assert.Equal(new CollectionStats(2, 2), await collection.StatsAsync(Cancel));
        Assert.Equal(
            ["a.png", "b.png"],
            (await collection.ListAsync(0, 10, cancellationToken: Cancel))
                .Select(record => Path.GetFileName(record.Path)!)
                .Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task A_folder_is_indexed_once_and_then_what_changes()
    {
        Write("a.png", ShapeWorldModel.Image(0));
        Write("deep/er/b.PNG", ShapeWorldModel.Image(1));
        Write("deep/note.txt", "a red circle"u8);
        Write("ignored.md", "not an item"u8);
        Write(".hidden/c.png", ShapeWorldModel.Image(2));
        var collection = await CollectionAsync();
        Assert.Equivalent(new IndexOutcome(3, 3, 0, 0, []), await IndexAsync(collection), strict: true);
        Assert.Equivalent(new IndexOutcome(0, 0, 3, 0, []), await IndexAsync(collection), strict: true);

        var ids = (await collection.ListAsync(0, 9, cancellationToken: Cancel)).ToDictionary(record => record.Label, record => record.Id);
        Write("a.png", ShapeWorldModel.Image(3));
        Write("new.png", ShapeWorldModel.Image(4));
        File.Delete(InFolder("deep/note.txt"));
        File.SetLastWriteTimeUtc(InFolder("deep/er/b.PNG"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equivalent(new IndexOutcome(3, 2, 0, 1, []), await IndexAsync(collection), strict: true);
        var records = (await collection.ListAsync(0, 9, cancellationToken: Cancel)).ToDictionary(
            record => record.Label,
            record => record.Id
        );
        Assert.Equal(["a.png", "b.PNG", "new.png"], records.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(ids["b.PNG"], records["b.PNG"]);
        Assert.NotEqual(ids["a.png"], records["a.png"]);
        Assert.Equal(new CollectionStats(3, 3), await collection.StatsAsync(Cancel));
    }

    [Fact]
    public async Task Files_alike_are_one_record_that_stays_until_the_last_has_left()
    {
        Write("a.png", ShapeWorldModel.Image(0));
        Write("b.png", ShapeWorldModel.Image(0));
        for (var i = 1; i < 9; i++)
            Write($"other{i}.png", ShapeWorldModel.Image(i % 4 + 1));
        Write("z.png", ShapeWorldModel.Image(0));
        var collection = await CollectionAsync();
        // In batches of two, those alike are in several.
        Assert.Equivalent(new IndexOutcome(11, 5, 0, 0, []), await IndexAsync(collection, Small with { BatchItems = 2 }), strict: true);
        Assert.Equal(new CollectionStats(5, 11), await collection.StatsAsync(Cancel));

        File.Delete(InFolder("a.png"));
        Assert.Equal(1, (await IndexAsync(collection)).Removed);
        Assert.Contains(
            (await collection.ListAsync(0, 9, cancellationToken: Cancel)).Single(record => record.Id == Id(0)).Label,
            (string[])["b.png", "z.png"]
        );
        File.Delete(InFolder("b.png"));
        // One of those alike changes: the record is left to the others.
        Write("z.png", ShapeWorldModel.Image(7));
        await IndexAsync(collection);
        Assert.DoesNotContain(await collection.ListAsync(0, 99, cancellationToken: Cancel), record => record.Id == Id(0));
        Assert.Equal(new CollectionStats(5, 9), await collection.StatsAsync(Cancel));
    }

    [Fact]
    public async Task Broken_files_are_told_and_the_others_indexed()
    {
        var image = ShapeWorldModel.Image(0);
        Write("cut.png", image.AsSpan(..^40));
        Write("empty.jpg", []);
        Write("good.png", image);
        Write("latin1.txt", [0xE4, 0xF6]);
        Write("empty.txt", "  \n"u8);
        Write("nul.txt", "a\0b"u8);
        Write("short.txt", "a blue square"u8);
        Write("thin.png", Thin());
        var collection = await CollectionAsync();
        var outcome = await IndexAsync(collection, Small);
        Assert.Equal(
            ["cut.png", "empty.jpg", "empty.txt", "latin1.txt", "nul.txt", "thin.png"],
            outcome.Broken.Select(broken => broken.Place).Order(StringComparer.Ordinal)
        );
        Assert.All(outcome.Broken, broken => Assert.NotEmpty(broken.Problem));
        Assert.Equal((2, 2), (outcome.Stored, outcome.Embedded));
        // Broken by a later write, a file keeps what is known of it.
        Write("good.png", image.AsSpan(..^30));
        outcome = await IndexAsync(collection);
        Assert.Equal((7, 0), (outcome.Broken.Count, outcome.Removed));
        Assert.Contains(await collection.ListAsync(0, 9, cancellationToken: Cancel), record => record.Label == "good.png");
    }

    [Fact]
    public async Task Added_items_are_found_and_stay_when_a_folder_that_has_them_goes()
    {
        var collection = await CollectionAsync();
        var indexer = new Indexer(collection, Model.Embedder);
        SearchItem[] items =
        [
            new() { Images = [ShapeWorldModel.Image(0)] },
            new() { Text = "a red circle", Key = "k" },
            new() { Images = [new byte[10]] },
            new(),
        ];
        var outcome = await indexer.AddAsync(items, Cancel);
        Assert.Equal((2, 2), (outcome.Stored, outcome.Embedded));
        Assert.Equal([("item 2", 2), ("item 3", 3)], outcome.Broken.Select(broken => (broken.Place, broken.Index!.Value)));
        Assert.Equal(2, (await indexer.AddAsync(items, Cancel)).Unchanged);
        var thumbnail = await collection.GetThumbnailAsync(items[0].Id(), Cancel);
        Assert.Equal([0xFF, 0xD8, 0xFF], thumbnail![..3]);
        Assert.Null(await collection.GetThumbnailAsync(items[1].Id(), Cancel));

        Write("same.png", ShapeWorldModel.Image(0));
        Assert.Equal((1, 0), (await IndexAsync(collection)) is var folder ? (folder.Stored, folder.Embedded) : default);
        File.Delete(InFolder("same.png"));
        Assert.Equal(1, (await IndexAsync(collection, new IndexOptions { AllowEmpty = true })).Removed);
        Assert.Equal(new CollectionStats(2, 2), await collection.StatsAsync(Cancel));

        await collection.DeleteAsync([items[0].Id()], Cancel);
        Assert.Equal(new CollectionStats(1, 1), await collection.StatsAsync(Cancel));
        Assert.Null(await collection.GetThumbnailAsync(items[0].Id(), Cancel));
    }

    [Fact]
    public async Task A_query_finds_the_image_it_describes_and_says_why()
    {
        for (var i = 0; i < 12; i++)
            Write($"{i:d2}.png", ShapeWorldModel.Image(i));
        var collection = await CollectionAsync();
        await IndexAsync(collection, new IndexOptions { Metadata = [KeyValuePair.Create("album", "one")] });
        var searcher = new Searcher(collection, Model.Embedder);
        var query = EmbeddingInput.Query(null, ImageSource.FromBytes(ShapeWorldModel.Image(5))) with { Reasoning = ReasoningMode.Off };
        var answer = await searcher.SearchAsync(query, top: 3, cancellationToken: Cancel);
        Assert.Equal("05.png", answer.Hits[0].Record.Label);
        Assert.Equal(1, answer.Hits[0].Score, 3);
        Assert.Equal(3, answer.Hits.Count);
        Assert.Equal(TimeSpan.Zero, answer.Timings.Reason);
        Assert.Empty((await searcher.SearchAsync(query, 3, SearchFilter.Parse(["album=two"]), cancellationToken: Cancel)).Hits);

        var text = "";
        SearchAnswer? streamed = null;
        await foreach (var update in searcher.StreamAsync(EmbeddingInput.Query("a red circle"), cancellationToken: Cancel))
            (text, streamed) = (text + update.Text, update.Answer);
        Assert.NotEmpty(text);
        Assert.Equal(streamed!.Query.Rationale, text);
        Assert.True(streamed.Timings.Reason > TimeSpan.Zero);
        Assert.Equal(10, streamed.Hits.Count);
        var edited = await searcher.SearchAsync(
            EmbeddingInput.Query("a red circle") with
            {
                Rationale = "blue square",
            },
            cancellationToken: Cancel
        );
        Assert.NotEqual(streamed.Query.Vector.ToArray(), edited.Query.Vector.ToArray());
    }

    [Fact]
    public async Task Another_model_may_neither_fill_nor_search()
    {
        var collection = await CollectionAsync();
        using var other = ShapeWorldModel.Load("shapeworld-baseline");
        Assert.Contains(
            "made with the model shapeworld ",
            Assert.Throws<SearchException>(() => new Indexer(collection, other)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "this is shapeworld-baseline ",
            Assert.Throws<SearchException>(() => new Searcher(collection, other)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Fewer_dimensions_and_an_instruction_are_the_collections()
    {
        Write("a.png", ShapeWorldModel.Image(0));
        var identity = CollectionIdentity.For(Model.Embedder, dimensions: 32) with { Instruction = "Describe the picture:" };
        var collection = await OpenCollections().CreateAsync("c", identity, Cancel);
        await IndexAsync(collection);
        var item = new EmbeddingInput
        {
            Role = ItemRole.Target,
            Instruction = identity.Instruction,
            Images = [ImageSource.FromBytes(ShapeWorldModel.Image(0))],
        };
        var alone = await Model.Embedder.EmbedAsync(item, new ReasoningEmbeddingOptions { Dimensions = 32 }, Cancel);
        Assert.Equal(1, Assert.Single(await collection.SearchAsync(alone.Vector, 1, cancellationToken: Cancel)).Score, 4);
    }

    [Fact]
    public async Task A_cancelled_run_resumes()
    {
        for (var i = 0; i < 20; i++)
            Write($"{i:d2}.png", ShapeWorldModel.Image(i));
        var collection = await CollectionAsync();
        using var stop = new CancellationTokenSource();
        var stored = 0;
        var progress = new Progress(value =>
        {
            if ((stored += value.Stored.Count) >= 6)
                stop.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new Indexer(collection, Model.Embedder, Small).IndexAsync(new FolderSource(Folder), progress, stop.Token)
        );
        var outcome = await IndexAsync(collection);
        Assert.True(outcome.Unchanged >= 6, $"{outcome}");
        Assert.Equal(20, outcome.Unchanged + outcome.Embedded);
    }

    [Fact]
    public async Task A_half_done_state_mends_itself()
    {
        for (var i = 0; i < 3; i++)
            Write($"{i}.png", ShapeWorldModel.Image(i));
        var collection = await CollectionAsync();
        await IndexAsync(collection);
        // Stopped between a record and its place, and between a deletion and its place.
        var places = await collection
            .Tables.Places.GetAsync(_ => true, 9, new() { OrderBy = by => by.Ascending(place => place.Name) }, Cancel)
            .ToListAsync(Cancel);
        await collection.Tables.Places.DeleteAsync(places[0].Id, Cancel);
        await collection.Tables.Records.DeleteAsync(places[1].Item, Cancel);
        Assert.Equivalent(new IndexOutcome(2, 1, 1, 0, []), await IndexAsync(collection), strict: true);
        Assert.Equal(new CollectionStats(3, 3), await collection.StatsAsync(Cancel));
    }

    [Fact]
    public async Task A_record_whose_file_changes_or_goes_before_it_is_acknowledged_goes_too()
    {
        for (var i = 0; i < 3; i++)
            Write($"{i}.png", ShapeWorldModel.Image(i));
        var collection = await CollectionAsync();
        await IndexAsync(collection);
        // Stopped after the records: the first file was new, the second had another content before, the third is as it was then.
        var places = await collection
            .Tables.Places.GetAsync(_ => true, 9, new() { OrderBy = by => by.Ascending(place => place.Name) }, Cancel)
            .ToListAsync(Cancel);
        foreach (var place in places)
            (place.Pending, place.Item, place.Stamp) = (place.Item, "", "");
        await collection.Tables.Places.UpsertAsync(places, Cancel);
        File.Delete(InFolder("0.png"));
        Write("1.png", ShapeWorldModel.Image(3));
        Assert.Equivalent(new IndexOutcome(2, 1, 0, 1, []), await IndexAsync(collection), strict: true);
        Assert.Equal(
            new[] { Id(2), Id(3) }.Order(StringComparer.Ordinal),
            (await collection.ListAsync(0, 10, cancellationToken: Cancel)).Select(record => record.Id).Order(StringComparer.Ordinal)
        );
        Assert.Equivalent(new IndexOutcome(0, 0, 2, 0, []), await IndexAsync(collection), strict: true);
    }

    [Fact]
    public async Task A_source_that_is_not_there_removes_nothing()
    {
        Write("a.png", ShapeWorldModel.Image(0));
        var collection = await CollectionAsync();
        await IndexAsync(collection);
        Directory.Delete(Folder, recursive: true);
        await Assert.ThrowsAsync<SearchException>(() => IndexAsync(collection));
        Assert.Equal(1, (await collection.StatsAsync(Cancel)).Records);
        Directory.CreateDirectory(Folder);
    }

    [Fact]
    public async Task A_source_that_is_empty_removes_nothing_unless_it_may()
    {
        Write("a.png", ShapeWorldModel.Image(0));
        Write("deep/b.png", ShapeWorldModel.Image(1));
        var collection = await CollectionAsync();
        Assert.False((await IndexAsync(collection)).SourceIsEmpty);
        File.Delete(InFolder("a.png"));
        Directory.Delete(InFolder("deep"), recursive: true);
        Assert.Equivalent(
            new IndexOutcome(0, 0, 0, 0, [])
            {
                Withheld = 2,
                Hold = RemovalHold.EmptySource,
                SourceIsEmpty = true,
            },
            await IndexAsync(collection),
            strict: true
        );
        Assert.Equal(new CollectionStats(2, 2), await collection.StatsAsync(Cancel));
        Assert.Equivalent(
            new IndexOutcome(0, 0, 0, 2, []) { SourceIsEmpty = true },
            await IndexAsync(collection, new IndexOptions { AllowEmpty = true }),
            strict: true
        );
        Assert.Equal(new CollectionStats(0, 0), await collection.StatsAsync(Cancel));
    }

    [Fact]
    public async Task An_item_takes_the_place_of_the_one_that_was_added_with_its_key()
    {
        var collection = await CollectionAsync();
        var indexer = new Indexer(collection, Model.Embedder);
        SearchItem first = new() { Key = "doc-1", Text = "a red circle" },
            other = new() { Key = "doc-2", Text = "a red circle" };
        var outcome = await indexer.AddAsync([first, other, new() { Key = "doc-1", Text = "a blue star" }], Cancel);
        var broken = Assert.Single(outcome.Broken);
        Assert.Equal((2, "the key 'doc-1' is that of item 0, too"), (broken.Index, broken.Problem));

        Assert.Equivalent(
            new IndexOutcome(1, 1, 0, 0, []),
            await indexer.AddAsync([first with { Text = "a green square" }], Cancel),
            strict: true
        );
        Assert.Equal("a green square", Assert.Single(await collection.GetAsync(["doc-1"], Cancel)).Text);
        Assert.Equal(new CollectionStats(2, 2), await collection.StatsAsync(Cancel));

        // What embedding does not depend on is changed without it; the vector is the one that was there.
        var before = Assert.Single(await collection.GetAsync(["doc-2"], includeVectors: true, Cancel));
        Assert.Equivalent(
            new IndexOutcome(1, 0, 0, 0, []),
            await indexer.AddAsync([other with { Metadata = [new("year", "2020")] }], Cancel),
            strict: true
        );
        var after = Assert.Single(await collection.GetAsync(["doc-2"], includeVectors: true, Cancel));
        Assert.Equal(["year=2020"], after.Tags);
        Assert.Equal(before.Vector.ToArray(), after.Vector.ToArray());
        Assert.Equal(
            (1, 0),
            (await indexer.AddAsync([new() { Key = "doc-3", Text = "a red circle" }], Cancel)) is var known
                ? (known.Stored, known.Embedded)
                : default
        );
        await collection.DeleteAsync(["doc-3", "doc-2"], Cancel);
        Assert.Equal(new CollectionStats(1, 1), await collection.StatsAsync(Cancel));
        Assert.Equal((1, 1), (await indexer.AddAsync([other], Cancel)) is var again ? (again.Stored, again.Embedded) : default);
    }

    [Fact]
    public async Task Items_that_were_added_before_keys_counted_are_replaced_by_their_key()
    {
        var collection = await CollectionAsync();
        var indexer = new Indexer(collection, Model.Embedder);
        SearchItem[] items =
        [
            new() { Key = "k", Text = "one" },
            new() { Key = "k again", Text = "two" },
            new() { Key = "other", Text = "three" },
        ];
        foreach (var item in items)
        {
            await indexer.AddAsync([item], Cancel);
            // As it was: a place had the id for a name, and no stamp.
            var place = (
                await collection.Tables.Places.GetAsync(PlaceRecord.IdOf(GivenItems.SourceName, item.Key!), cancellationToken: Cancel)
            )!;
            await collection.Tables.Places.DeleteAsync(place.Id, Cancel);
            (place.Id, place.Name, place.Stamp) = (PlaceRecord.IdOf(GivenItems.SourceName, item.Id()), item.Id(), "");
            await collection.Tables.Places.UpsertAsync(place, Cancel);
        }
        // Several records could have one key.
        var second = Assert.Single(await collection.GetAsync(["k again"], includeVectors: true, Cancel));
        second.Key = "k";
        await collection.UpsertAsync([second], Cancel);
        Assert.Equal(new CollectionStats(3, 3), await collection.StatsAsync(Cancel));
        Assert.Equal(
            (1, 1),
            (await indexer.AddAsync([items[0] with { Text = "four" }], Cancel)) is var outcome
                ? (outcome.Stored, outcome.Embedded)
                : default
        );
        Assert.Equal(
            ["four", "three"],
            (await collection.ListAsync(0, 9, cancellationToken: Cancel)).Select(record => record.Text).Order(StringComparer.Ordinal)
        );
        Assert.Equal(new CollectionStats(2, 2), await collection.StatsAsync(Cancel));
    }

    /// <summary>An image that can be decoded, but whose sides the model's processor refuses: 300 to 1.</summary>
    private static byte[] Thin() => Rge.Imaging.PngEncoder.Encode(new Rge.Imaging.RgbImage(8400, 28, new byte[8400 * 28 * 3]));
}
