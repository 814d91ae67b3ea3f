using System.Diagnostics;
using System.Net.Sockets;
using Rge.Search.Indexing;

namespace Rge.Search.Tests;

/// <summary>Folders and files as they are found, and what becomes of the collection.</summary>
public sealed class SourceTests(ShapeWorldModel model) : IndexTest(model)
{
    protected override Task<ITestStores> CreateAsync() => Task.FromResult<ITestStores>(new SqliteFile());

    [Fact]
    public async Task A_folder_in_the_source_that_is_empty_removes_nothing_unless_it_may()
    {
        Write("kept.txt", "x"u8);
        Write("mount/deep/a.txt", "a"u8);
        Write("mount/b.txt", "b"u8);
        Write("gone/c.txt", "c"u8);
        var collection = await CollectionAsync();
        await IndexAsync(collection);
        Directory.Delete(InFolder("mount/deep"), recursive: true);
        File.Move(InFolder("mount/b.txt"), InFolder("mount/b.lost"));
        Directory.Delete(InFolder("gone"), recursive: true);
        Assert.Equivalent(
            new IndexOutcome(0, 0, 1, 1, []) { Withheld = 2, Hold = RemovalHold.EmptyFolder },
            await IndexAsync(collection),
            strict: true
        );
        Assert.Equivalent(
            new IndexOutcome(0, 0, 1, 2, []),
            await IndexAsync(collection, new IndexOptions { AllowEmpty = true }),
            strict: true
        );
    }

    [Fact]
    public async Task Most_of_a_source_leaves_only_where_that_is_allowed()
    {
        for (var i = 0; i < 45; i++)
            Write($"{i:d2}.txt", [(byte)('A' + i)]);
        var collection = await CollectionAsync();
        await IndexAsync(collection);
        for (var i = 0; i < 22; i++)
            File.Delete(InFolder($"{i:d2}.txt"));
        Assert.Equal((22, 0), (await IndexAsync(collection)) is var half ? (half.Removed, half.Withheld) : default);
        for (var i = 22; i < 44; i++)
            File.Delete(InFolder($"{i:d2}.txt"));
        Write("new.txt", "new"u8);
        Assert.Equivalent(
            new IndexOutcome(1, 1, 1, 0, []) { Withheld = 22, Hold = RemovalHold.MostMissing },
            await IndexAsync(collection),
            strict: true
        );
        Assert.Equal(22, (await IndexAsync(collection, new IndexOptions { AllowRemovals = true })).Removed);
    }

    [Fact]
    public async Task A_file_of_no_rows_removes_nothing_unless_it_may()
    {
        var source = new JsonLinesSource(InFolder("rows.jsonl"));
        Write("rows.jsonl", """{"text": "a"}"""u8);
        var collection = await CollectionAsync();
        await IndexAsync(collection, source: source);
        Write("rows.jsonl", "\n \n"u8);
        Assert.Equal(
            (RemovalHold.EmptySource, 1, true),
            (await IndexAsync(collection, source: source)) is var outcome
                ? (outcome.Hold, outcome.Withheld, outcome.SourceIsEmpty)
                : default
        );
        Assert.Equal(1, (await IndexAsync(collection, new IndexOptions { AllowEmpty = true }, source)).Removed);
    }

    [Fact]
    public async Task What_came_from_a_source_is_removed_without_it_but_for_what_others_have()
    {
        Write("old/a.txt", "a"u8);
        Write("old/b.txt", "b"u8);
        Write("new/a.txt", "a"u8);
        var collection = await CollectionAsync();
        await IndexAsync(collection, source: new FolderSource(InFolder("old")));
        await IndexAsync(collection, source: new FolderSource(InFolder("new")));
        Directory.Delete(InFolder("old"), recursive: true);
        Assert.Equal(new Dictionary<string, long> { [InFolder("new")] = 1, [InFolder("old")] = 2 }, await collection.SourcesAsync(Cancel));
        Assert.Equal(2, await collection.RemoveSourceAsync(InFolder("old"), Cancel));
        Assert.Equal(InFolder("new/a.txt"), Assert.Single(await collection.ListAsync(0, 9, cancellationToken: Cancel)).Path);
        Assert.Equal([InFolder("new")], (await collection.SourcesAsync(Cancel)).Keys);
    }

    [Fact]
    public async Task A_folder_is_one_source_with_and_without_a_separator_at_its_end()
    {
        Write("f/a.txt", "a"u8);
        Write("f/b.txt", "b"u8);
        var collection = await CollectionAsync();
        await IndexAsync(collection, source: new FolderSource(InFolder("f") + "/"));
        // As it was called once.
        await IndexAsync(collection, source: new FolderSource(InFolder("f"), InFolder("f") + "/"));
        Assert.Equal(new Dictionary<string, long> { [InFolder("f")] = 2, [InFolder("f/")] = 2 }, await collection.SourcesAsync(Cancel));
        File.Delete(InFolder("f/b.txt"));
        Assert.Equivalent(
            new IndexOutcome(0, 0, 1, 1, []),
            await IndexAsync(collection, source: new FolderSource(InFolder("f"))),
            strict: true
        );
        Assert.Equal([InFolder("f")], (await collection.SourcesAsync(Cancel)).Keys);
        Assert.Equal(new CollectionStats(1, 1), await collection.StatsAsync(Cancel));
    }

    [Fact]
    public async Task Images_of_formats_that_cannot_be_read_are_counted_by_type()
    {
        foreach (var name in (string[])["1.HEIC", "deep/2.heic", "3.avif", "4.tif", "5.tiff"])
            Write(name, "not read"u8);
        foreach (var name in (string[])["a.jpe", "b.jfif", "c.apng", "d.PNG"])
            Write(name, ShapeWorldModel.Image(name[0]));
        var outcome = await IndexAsync(await CollectionAsync());
        Assert.Equal((4, 0), (outcome.Stored, outcome.Broken.Count));
        Assert.Equal(
            new Dictionary<string, int>
            {
                ["AVIF"] = 1,
                ["HEIC"] = 2,
                ["TIF"] = 1,
                ["TIFF"] = 1,
            },
            outcome.Unreadable
        );
    }

    [Fact(Timeout = 60_000)]
    public async Task Whatever_else_a_folder_has_under_the_name_of_an_image_is_reported_and_never_waited_for()
    {
        await Process.Start("mkfifo", InFolder("pipe.png")).WaitForExitAsync(TestContext.Current.CancellationToken);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(InFolder("socket.txt")));
        File.CreateSymbolicLink(InFolder("device.png"), "/dev/zero");
        File.CreateSymbolicLink(InFolder("loop.png"), InFolder("loop.png"));
        File.CreateSymbolicLink(InFolder("nowhere.png"), InFolder("not there"));
        Directory.CreateSymbolicLink(InFolder("up.png"), Folder);
        Write("folder.png/fine.txt", "fine"u8);
        await File.WriteAllLinesAsync(
            InFolder("rows.jsonl"),
            ["""{"image": "folder.png"}""", """{"image": "pipe.png"}""", """{"text": "fine, too"}"""],
            Cancel
        );

        var outcome = await IndexAsync(await CollectionAsync());
        Assert.Equal(1, outcome.Stored);
        var problems = outcome.Broken.ToDictionary(broken => broken.Place, broken => broken.Problem, StringComparer.Ordinal);
        Assert.Equal(["device.png", "loop.png", "nowhere.png", "pipe.png", "socket.txt"], problems.Keys.Order(StringComparer.Ordinal));
        Assert.EndsWith("it is a pipe, a socket or a device, not a file.", problems["pipe.png"], StringComparison.Ordinal);
        Assert.EndsWith("it is a pipe, a socket or a device, not a file.", problems["socket.txt"], StringComparison.Ordinal);
        Assert.EndsWith("it is a link that leads back to itself.", problems["loop.png"], StringComparison.Ordinal);
        Assert.EndsWith("it does not exist.", problems["nowhere.png"], StringComparison.Ordinal);

        outcome = await IndexAsync(
            await OpenCollections().CreateAsync("rows", (await CollectionAsync()).Identity, Cancel),
            source: new JsonLinesSource(InFolder("rows.jsonl"))
        );
        Assert.Equal(1, outcome.Stored);
        Assert.Equal(
            ["it is a folder.", "it is a pipe, a socket or a device, not a file."],
            outcome.Broken.Select(broken => broken.Problem.Split("cannot be read: ")[1]).Order(StringComparer.Ordinal)
        );
        Assert.Contains(
            "it is a pipe",
            Assert.Throws<SearchException>(() => new JsonLinesSource(InFolder("pipe.png")).List(Cancel)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("[1, 2]", "it is a list, expected a JSON object")]
    [InlineData("""{"id": "1", "text": 5}""", "text is a number, expected a text")]
    [InlineData("""{"id": true, "text": "x"}""", "id is true or false, expected a text")]
    [InlineData("""{"id": "1", "text": ["x"]}""", "text is a list, expected a text")]
    [InlineData("""{"id": "1", "image": 5}""", "image is a number, expected a text")]
    [InlineData("""{"id": "1", "images": "a.png"}""", "images is a text, expected a list of paths")]
    [InlineData("""{"id": "1", "images": [{}]}""", "image is an object, expected a text")]
    [InlineData("""{"id": "1", "image": ""}""", "an image is an empty text, expected the path of a file")]
    [InlineData(
        """{"id": "1", "text": " DATA:image/png;base64,iVBORw0K"}""",
        "text is an image as a data URI, expected a text: save the image to a file and give its path as an image"
    )]
    [InlineData(
        """{"id": "1", "image": "https://host/a.png"}""",
        "the image 'https://host/a.png' is an address or data, expected the path of a file"
    )]
    [InlineData(
        """{"id": "1", "text": "x", "metadata": {"a": 1, "a": 2}}""",
        "metadata has the name 'a' twice; several values of one name are written as a list."
    )]
    [InlineData(
        """{"id": "1", "text": "x", "metadata": [1]}""",
        "metadata is a list, expected an object such as {\"color\": \"red\", \"year\": 2020}."
    )]
    [InlineData(
        """{"id": "1", "text": "x", "metadata": {"a": {}}}""",
        "metadata 'a' is an object, expected a text, a number, true or false, or a list of them."
    )]
    [InlineData(
        """{"id": "1", "text": "x", "metadata": {"a": [[1]]}}""",
        "metadata 'a' is a list, expected a text, a number, true or false, or a list of them."
    )]
    [InlineData(
        """{"id": "1", "text": "x", "metadata": {"a": 1e999}}""",
        "metadata 'a' is the number 1e999, which is too long, too large or too small; write it as a text."
    )]
    [InlineData("""{"id": "1", "text": "x", "metadata": {"\ud800": 1}}""", "metadata has a name that is not valid Unicode text.")]
    [InlineData("""{"\ud800": 1}""", "a field has a name that is not valid Unicode text")]
    [InlineData("""{"\ud800": 1, "id": "1", "text": "x"}""", "a field has a name that is not valid Unicode text")]
    [InlineData("""{"id": "1", "text": "\ud800"}""", "text has half of a character in it (a lone surrogate)")]
    [InlineData(
        """{"id": "1", "text": "x", "txt": "y"}""",
        "the field 'txt' is not known, expected any of id, text, image, images, metadata"
    )]
    [InlineData("""{"id": "1", "text": "x", "text": "y"}""", "the field 'text' is there twice")]
    [InlineData("""{"id": "1", "id": "2"}""", "the field 'id' is there twice")]
    [InlineData("""{"id": "0", "text": "y"}""", "the id '0' is that of an earlier line, too")]
    [InlineData("""{"id": "1", "text": "x",}""", "it is not valid JSON near byte 25; expected a whole object on one line")]
    [InlineData("""{"id": "1"}""", "There is nothing to index, expected a text or an image.")]
    public async Task A_bad_row_is_named_by_its_line_and_costs_no_other(string row, string problem)
    {
        await File.WriteAllLinesAsync(
            InFolder("rows.jsonl"),
            ["""{"id": "0", "text": "first"}""", "", row, """{"id": "last", "text": "last"}"""],
            Cancel
        );
        var outcome = await IndexAsync(await CollectionAsync(), source: new JsonLinesSource(InFolder("rows.jsonl")));
        Assert.Equal(2, outcome.Stored);
        Assert.Equal(new BrokenItem($"{InFolder("rows.jsonl")}, line 3", problem) { Line = 3 }, Assert.Single(outcome.Broken));
    }

    [Fact]
    public async Task Lines_that_are_no_text_or_too_long_cost_no_other()
    {
        Write(
            "rows.jsonl",
            [
                .. "\uFEFF{\"text\": \"a\"}\r\n"u8,
                0xFF,
                0xFE,
                (byte)'\n',
                .. new byte[17 << 20].Select(_ => (byte)' '),
                (byte)'\n',
                .. "{\"text\": \"b\"}"u8,
            ]
        );
        var outcome = await IndexAsync(await CollectionAsync(), source: new JsonLinesSource(InFolder("rows.jsonl")));
        Assert.Equal(
            ["line 2: it is not a text in UTF-8", "line 3: it is longer than 16 MB"],
            outcome.Broken.Select(broken => $"{broken.Place.Split(", ")[1]}: {broken.Problem}")
        );
        Assert.Equal(2, outcome.Stored);
    }

    [Theory]
    [InlineData("[{\"text\": \"a\"}]", "is one JSON array, expected JSON Lines: one object a line")]
    [InlineData("id,text\n1,a\n", "starts with 'id,text', expected JSON Lines: one object a line")]
    [InlineData("\uFFFE", "cannot be read: it is not a text in UTF-8; expected JSON Lines")]
    public void A_file_of_another_format_is_refused_as_a_whole(string content, string problem)
    {
        Write("rows.jsonl", content == "\uFFFE" ? [0xFF, 0xFE, (byte)'{', 0] : System.Text.Encoding.UTF8.GetBytes(content));
        Assert.Contains(
            $"rows.jsonl {problem}",
            Assert.Throws<SearchException>(() => new JsonLinesSource(InFolder("rows.jsonl")).List(Cancel)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_run_that_is_to_fail_ends_at_the_first_bad_file_and_keeps_what_was_good()
    {
        for (var i = 0; i < 4; i++)
            Write($"{i}.txt", [(byte)('a' + i)]);
        Write("2x.png", "not an image"u8);
        Write("9.png", "not an image"u8);
        var collection = await CollectionAsync();
        var error = await Assert.ThrowsAsync<SearchException>(() => IndexAsync(collection, Small with { StopsAtBroken = true }));
        Assert.StartsWith("2x.png cannot be indexed: ", error.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["a", "b", "c", "d"],
            (await collection.ListAsync(0, 9, cancellationToken: Cancel)).Select(record => record.Text).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void An_outcome_says_its_counts() =>
        Assert.Equal(
            "3 stored (2 embedded), 1 unchanged, 0 removed, 1 broken, 5 missing but kept",
            $"{new IndexOutcome(3, 2, 1, 0, [new BrokenItem("x", "y")]) { Withheld = 5 }}"
        );
}
