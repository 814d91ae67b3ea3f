using System.Text.Json.Nodes;
using Rge.Cli.Output;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

/// <summary><c>rge collections</c>, on what <c>rge index</c> has stored.</summary>
public sealed class CollectionsVerbTests : IDisposable
{
    private readonly ImageFolder _folder = new();

    [Fact]
    public async Task An_export_that_finds_the_store_damaged_says_where_and_leaves_nothing_behind()
    {
        _folder.Write("0.png", 0);
        await OutputAsync(_folder.Index);
        using (var store = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_folder.Store};Pooling=false"))
        {
            store.Open();
            using var command = store.CreateCommand();
            command.CommandText = "UPDATE \"items.thumbnails\" SET \"Jpeg\" = '?'";
            command.ExecuteNonQuery();
        }
        var file = _folder.PathOf("items.jsonl");
        var error = await ErrorAsync(ExitCodes.Failure, "collections", "export", "items", "--store", _folder.Store, "--out", file);
        Assert.StartsWith($"rge: The store {_folder.Store} is damaged: the record ", error, StringComparison.Ordinal);
        Assert.Contains(" of items.thumbnails is no image in base64; restore", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(file)!, "items.jsonl*"));
    }

    [Fact]
    public async Task An_export_to_a_device_leaves_the_device_what_it_is()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Windows has no device files.");
        _folder.Write("0.png", 0);
        await OutputAsync(_folder.Index);
        var link = _folder.Image("device");
        File.CreateSymbolicLink(link, "/dev/null");
        await OutputAsync("collections", "export", "items", "--store", _folder.Store, "--out", link);
        Assert.Equal("/dev/null", new FileInfo(link).LinkTarget);
        Assert.Equal([link], Directory.GetFiles(_folder.Images, "device*"));
    }

    [Fact]
    public async Task An_export_to_a_full_disk_says_so()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("The device that is always full is one of Linux.");
        _folder.Write("0.png", 0);
        await OutputAsync(_folder.Index);
        Assert.Equal(
            "rge: /dev/full cannot be read or written: the disk is full.",
            await ErrorAsync(ExitCodes.Failure, "collections", "export", "items", "--store", _folder.Store, "--out", "/dev/full")
        );
    }

    [Fact]
    public async Task A_damaged_export_is_refused_with_its_line()
    {
        _folder.Write("0.png", 0);
        await OutputAsync(_folder.Index);
        var file = _folder.PathOf("items.jsonl");
        await OutputAsync("collections", "export", "items", "--store", _folder.Store, "--out", file);
        var lines = await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken);
        await File.WriteAllLinesAsync(
            file,
            [lines[0], lines[1].Replace("\"id\":", "\"it\":", StringComparison.Ordinal)],
            TestContext.Current.CancellationToken
        );
        string[] import = ["collections", "import", "items", file, "--store", _folder.PathOf("other.db")];
        Assert.Equal(
            $"rge: {file}, line 2 is not a record of an exported collection: id is missing, expected a text; export it again.",
            await ErrorAsync(ExitCodes.Failure, import)
        );
        await File.WriteAllTextAsync(
            file,
            """{"format": "rge-collection", "version": 1, "identity": null}""",
            TestContext.Current.CancellationToken
        );
        Assert.Contains("is not an exported collection", await ErrorAsync(ExitCodes.Failure, import), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Collections_are_listed_shown_moved_and_deleted()
    {
        for (var i = 0; i < 3; i++)
            _folder.Write($"{i}.png", i);
        await OutputAsync(_folder.Index);
        var moved = _folder.PathOf("moved");
        Directory.Move(_folder.Images, moved);
        await OutputAsync("index", moved, "-m", ImageFolder.Model, "--store", _folder.Store, "--metadata", "album=one");
        string[] at = ["--store", _folder.Store];
        Assert.Contains("│ items      │     6 │ shapeworld │", await OutputAsync(["collections", "list", .. at]), StringComparison.Ordinal);
        var shown = JsonNode.Parse(await OutputAsync(["collections", "show", "items", "--json", .. at]))!;
        Assert.Equal(
            (6, "exact", 3, 3),
            ((int)shown["items"]!, (string)shown["index"]!, (int)shown["sources"]![_folder.Images]!, (int)shown["sources"]![moved]!)
        );

        Assert.Contains(
            $"has nothing from elsewhere; it was filled from {moved}, {_folder.Images}",
            await ErrorAsync(ExitCodes.Failure, ["collections", "remove-source", "items", "elsewhere", .. at]),
            StringComparison.Ordinal
        );
        Assert.Equal(
            $"removed 3 files or rows of {_folder.Images}, and with them 3 items\n",
            await OutputAsync(["collections", "remove-source", "items", _folder.Images + "/", .. at])
        );
        Assert.Equal(3, JsonNode.Parse(await OutputAsync(["collections", "list", "--json", .. at]))![0]!["items"]!.GetValue<int>());

        var file = _folder.PathOf("items.jsonl");
        Assert.Equal($"exported 3 items to {file}\n", await OutputAsync(["collections", "export", "items", "--out", file, .. at]));
        Assert.Equal(
            await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken),
            await OutputAsync(["collections", "export", "items", .. at])
        );
        string[] other = ["--store", _folder.PathOf("other.db")];
        Assert.Equal("imported 3 items into copy\n", await OutputAsync(["collections", "import", "copy", file, .. other]));
        Assert.Contains(
            "3 unchanged",
            await OutputAsync(["index", moved, "-m", ImageFolder.Model, "--collection", "copy", "--metadata", "album=one", .. other]),
            StringComparison.Ordinal
        );

        Assert.Equal("deleted items (3 items)\n", await OutputAsync(["collections", "delete", "items", .. at]));
        Assert.Equal("no collections\n", await OutputAsync(["collections", "list", .. at]));
        Assert.Contains(
            "There is no collection items",
            await ErrorAsync(ExitCodes.Failure, ["collections", "delete", "items", .. at]),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "There is no store",
            await ErrorAsync(ExitCodes.Failure, "collections", "list", "--store", _folder.PathOf("none.db")),
            StringComparison.Ordinal
        );
    }

    public void Dispose() => _folder.Dispose();
}
