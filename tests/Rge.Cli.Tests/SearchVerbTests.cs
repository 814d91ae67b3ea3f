using System.Text.Json.Nodes;
using Rge.Cli.Output;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

/// <summary><c>rge index</c> and <c>rge search</c> together.</summary>
public sealed class SearchVerbTests : IDisposable
{
    private readonly ImageFolder _folder = new();

    [Fact]
    public async Task A_folder_is_indexed_and_an_image_found_again()
    {
        for (var i = 0; i < 6; i++)
            _folder.Write($"{i}.png", i);
        await File.WriteAllTextAsync(_folder.Image("broken.png"), "no image", TestContext.Current.CancellationToken);
        Assert.Equal(
            "rge: 1 could not be indexed, as listed; the others were. With --on-error skip that counts as a success.",
            await ErrorAsync(ExitCodes.Failure, [.. _folder.Index, "--metadata", "album=one", "--collection", "other"])
        );
        var output = await OutputAsync([.. _folder.Index, "--metadata", "album=one", "--on-error", "skip"]);
        Assert.StartsWith(
            "6 stored (6 embedded), 0 unchanged, 0 removed, 1 broken\nbroken: broken.png: ",
            output,
            StringComparison.Ordinal
        );
        File.Delete(_folder.Image("broken.png"));
        File.Delete(_folder.Image("5.png"));
        var again = JsonNode.Parse(await OutputAsync([.. _folder.Index, "--metadata", "album=one", "--json"]))!;
        Assert.Equal((0, 5, 1), ((int)again["stored"]!, (int)again["unchanged"]!, (int)again["removed"]!));

        var found = await SearchAsync("-i", _folder.Image("3.png"), "--reasoning", "off", "--top", "2");
        Assert.Null(found["rationale"]);
        Assert.Equal(2, found["hits"]!.AsArray().Count);
        Assert.Equal(
            (_folder.Image("3.png"), "image", "one"),
            (
                (string)found["hits"]![0]!["path"]!,
                (string)found["hits"]![0]!["kind"]!,
                (string)found["hits"]![0]!["metadata"]!["album"]![0]!
            )
        );
        Assert.Equal(1, (double)found["hits"]![0]!["score"]!, 3);
        Assert.Equal(0, (double)found["seconds"]!["reason"]!);
        Assert.Empty((await SearchAsync("-t", "red", "--where", "album!=one"))["hits"]!.AsArray());
        Assert.Empty((await SearchAsync("-t", "red", "--kind", "text"))["hits"]!.AsArray());
    }

    [Fact]
    public async Task The_rationale_is_shown_before_the_hits_and_a_given_one_is_taken_instead()
    {
        for (var i = 0; i < 3; i++)
            _folder.Write($"{i}.png", i);
        await OutputAsync(_folder.Index);
        var json = await SearchAsync("-t", "a red circle", "-i", _folder.Image("1.png"), "--instruction", "Find a picture:");
        Assert.True((double)json["seconds"]!["reason"]! > 0);
        string[] query =
        [
            "search",
            "-m",
            ImageFolder.Model,
            "--store",
            _folder.Store,
            "-t",
            "a red circle",
            "-i",
            _folder.Image("1.png"),
            "--instruction",
            "Find a picture:",
        ];
        var text = await OutputAsync(query);
        Assert.StartsWith($"rationale {(string?)json["rationale"]}", text, StringComparison.Ordinal);
        Assert.Contains("│ cosine │", text, StringComparison.Ordinal);
        Assert.Contains("0.png", text, StringComparison.Ordinal);
        Assert.StartsWith(
            "rationale a blue star (given)",
            await OutputAsync([.. query, "--rationale", "a blue star"]),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("129")]
    public async Task Dimensions_that_the_model_does_not_have_leave_no_collection_behind(string dimensions)
    {
        _folder.Write("0.png", 0);
        Assert.Equal(
            $"rge: {dimensions} dimensions were asked for, expected 1 to 128.",
            await ErrorAsync(ExitCodes.Failure, [.. _folder.Index, "--dimensions", dimensions])
        );
        Assert.Contains("1 stored", await OutputAsync(_folder.Index), StringComparison.Ordinal);
        Assert.Contains(
            "│ items      │     1 │ shapeworld │",
            await OutputAsync("collections", "list", "--store", _folder.Store),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_collection_keeps_to_its_model_and_its_instruction()
    {
        _folder.Write("0.png", 0);
        await OutputAsync([.. _folder.Index, "--instruction", "Describe:", "--dimensions", "16"]);
        Assert.Contains("1 unchanged", await OutputAsync(_folder.Index), StringComparison.Ordinal);
        Assert.Contains(
            "was made with the instruction \"Describe:\", but the instruction \"Another:\" was given",
            await ErrorAsync(ExitCodes.Failure, [.. _folder.Index, "--instruction", "Another:"]),
            StringComparison.Ordinal
        );
        var baseline = Path.Combine(Path.GetDirectoryName(ImageFolder.Model)!, "shapeworld-baseline");
        Assert.Contains(
            "was made with the model shapeworld ",
            await ErrorAsync(ExitCodes.Failure, "search", "-m", baseline, "--store", _folder.Store, "-t", "x"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "There is no collection other; the store has items",
            await ErrorAsync(
                ExitCodes.Failure,
                "search",
                "-m",
                ImageFolder.Model,
                "--store",
                _folder.Store,
                "--collection",
                "other",
                "-t",
                "x"
            ),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_file_that_is_no_store_is_named_and_left_alone()
    {
        _folder.Write("0.png", 0);
        await File.WriteAllTextAsync(
            _folder.Store,
            "something of another program, long enough to be taken for a header of a database file",
            TestContext.Current.CancellationToken
        );
        Assert.Contains("store.db failed", await ErrorAsync(ExitCodes.Failure, _folder.Index), StringComparison.Ordinal);
        Assert.StartsWith(
            "something of another program",
            await File.ReadAllTextAsync(_folder.Store, TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named_without_its_password()
    {
        _folder.Write("0.png", 0);
        var problem = await ErrorAsync(
            ExitCodes.Failure,
            "index",
            _folder.Images,
            "-m",
            ImageFolder.Model,
            "--store",
            "postgresql://me:secret@127.0.0.1:1/db"
        );
        Assert.Contains("127.0.0.1:1/db", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_is_empty_removes_nothing_unless_it_may()
    {
        for (var i = 0; i < 3; i++)
            _folder.Write($"{i}.png", i);
        await OutputAsync(_folder.Index);
        for (var i = 0; i < 3; i++)
            File.Delete(_folder.Image($"{i}.png"));
        await File.WriteAllTextAsync(_folder.Image("a.heic"), "x", TestContext.Current.CancellationToken);
        var (code, output, error) = await RunAsync(_folder.Index);
        Assert.Equal(
            (
                ExitCodes.Failure,
                "0 stored (0 embedded), 0 unchanged, 0 removed, 0 broken, 3 missing but kept\nnot read: 1 HEIC: images of formats that "
                    + "cannot be read; convert them to JPEG or PNG\n"
            ),
            (code, output)
        );
        Assert.Equal(
            $"rge: {_folder.Images} holds nothing that can be indexed (1 HEIC: images of formats that cannot be read; convert them "
                + "to JPEG or PNG); "
                + "the collection has 3 of it that are missing there, and nothing was removed. Is a disk not mounted? If all of it is "
                + "gone for good, run again with --allow-empty.\n",
            error
        );
        var json = JsonNode.Parse((await RunAsync([.. _folder.Index, "--json"])).Output)!;
        Assert.Equal((3, 0, 1), ((int)json["withheld"]!, (int)json["removed"]!, (int)json["unreadable"]!["HEIC"]!));
        Assert.StartsWith(
            "0 stored (0 embedded), 0 unchanged, 3 removed",
            await OutputAsync([.. _folder.Index, "--allow-empty"]),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "if that is right, --allow-empty says so",
            await ErrorAsync(ExitCodes.Failure, _folder.Index),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("id,text\n1,red\n", "starts with 'id,text', expected JSON Lines: one object a line")]
    [InlineData("[{\"text\": \"red\"}]\n", "is one JSON array, expected JSON Lines")]
    [InlineData("{\"id\": \"1\", \"metadata\": {\"a\": 1, \"a\": 2}}\n", "1 could not be indexed, as listed")]
    public async Task Rows_that_cannot_be_indexed_are_no_success(string rows, string problem)
    {
        await File.WriteAllTextAsync(_folder.PathOf("rows.jsonl"), rows, TestContext.Current.CancellationToken);
        Assert.Contains(
            problem,
            await ErrorAsync(ExitCodes.Failure, "index", _folder.PathOf("rows.jsonl"), "-m", ImageFolder.Model, "--store", _folder.Store),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_source_that_cannot_be_listed_completely_removes_nothing_and_says_so_whatever_is_skipped()
    {
        var rows = _folder.PathOf("rows.jsonl");
        string[] index = ["index", rows, "-m", ImageFolder.Model, "--store", _folder.Store, "--on-error", "skip"];
        await File.WriteAllTextAsync(
            rows,
            "{\"id\": \"1\", \"text\": \"red\"}\n{\"id\": \"2\", \"text\": \"blue\"}\n",
            TestContext.Current.CancellationToken
        );
        await OutputAsync(index);
        await File.WriteAllTextAsync(
            rows,
            "{\"id\": \"1\", \"text\": \"red\"}\n{\"id\": [2], \"text\": \"blue\"}\n",
            TestContext.Current.CancellationToken
        );
        Assert.Equal(
            $"rge: Not all of {rows} could be listed, as the broken ones say: the collection has 1 of it that are missing there, and "
                + "nothing was removed. Repair them and run again.",
            await ErrorAsync(ExitCodes.Failure, index)
        );
    }

    [Theory]
    [InlineData("index", "FOLDER", "-m", "MODEL")]
    [InlineData("search", "-t", "red", "-m", "MODEL")]
    [InlineData("collections", "list")]
    [InlineData("serve", "-m", "MODEL")]
    public async Task A_server_without_a_host_is_refused(params string[] line)
    {
        line =
        [
            .. line.Select(word =>
                word switch
                {
                    "FOLDER" => _folder.Images,
                    "MODEL" => ImageFolder.Model,
                    _ => word,
                }
            ),
        ];
        Assert.EndsWith(
            "cannot be understood: It names no host.",
            await ErrorAsync(ExitCodes.Failure, [.. line, "--store", "Host="]),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_run_that_is_to_fail_names_the_file_it_ended_at()
    {
        _folder.Write("0.png", 0);
        await File.WriteAllTextAsync(_folder.Image("1.txt"), "", TestContext.Current.CancellationToken);
        Assert.Equal(
            "rge: 1.txt cannot be indexed: There is nothing to index, expected a text or an image. 1 were stored before.",
            await ErrorAsync(ExitCodes.Failure, [.. _folder.Index, "--on-error", "fail"])
        );
    }

    [Theory]
    [InlineData("The filter 'color' cannot be understood", "search", "-t", "red", "--where", "color")]
    [InlineData("The filter 'year==2020' cannot be understood", "search", "-t", "red", "--where", "year==2020")]
    [InlineData("after >= comes a number", "search", "-t", "red", "--where", "price>=1,000")]
    [InlineData("'Not a name' is no name for a collection", "search", "-t", "red", "--collection", "Not a name")]
    [InlineData("--metadata is 'album', expected KEY=VALUE.", "index", "folder", "--metadata", "album")]
    [InlineData("'Not a name' is no name for a collection", "collections", "show", "Not a name")]
    public async Task Arguments_that_cannot_be_understood_are_told_before_anything_is_done(string problem, params string[] line)
    {
        string[] model = line[0] == "collections" ? [] : ["-m", "/not/there"];
        Assert.Contains(problem, await ErrorAsync(ExitCodes.Usage, [.. line, .. model]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metadata_are_compared_and_files_of_one_name_told_apart()
    {
        foreach (var (i, folder) in ((string[])["a", "b"]).Index())
        {
            Directory.CreateDirectory(_folder.Image(folder));
            _folder.Write($"{folder}/front.png", i);
        }
        await File.WriteAllLinesAsync(
            _folder.PathOf("rows.jsonl"),
            [
                .. Enumerable
                    .Range(2018, 5)
                    .Select(year => $"{{\"id\": \"{year}\", \"text\": \"red\", \"metadata\": {{\"year\": {year}, \"new\": true}}}}"),
            ],
            TestContext.Current.CancellationToken
        );
        await OutputAsync(_folder.Index);
        await OutputAsync("index", _folder.PathOf("rows.jsonl"), "-m", ImageFolder.Model, "--store", _folder.Store);
        var found = await SearchAsync("-t", "red", "--reasoning", "off", "--where", "year>=2020", "year<2022");
        Assert.Equal(["2020", "2021"], found["hits"]!.AsArray().Select(hit => (string)hit!["key"]!).Order(StringComparer.Ordinal));
        var table = await OutputAsync(
            "search",
            "-m",
            ImageFolder.Model,
            "--store",
            _folder.Store,
            "-t",
            "red",
            "--reasoning",
            "off",
            "--kind",
            "image"
        );
        Assert.Contains("│ a/front.png │", table, StringComparison.Ordinal);
        Assert.Contains("│ b/front.png │", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_in_a_folder_that_cannot_be_written_is_searched()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Folders that cannot be written are made for Linux here.");
            return;
        }
        _folder.Write("0.png", 0);
        var folder = Directory.CreateDirectory(_folder.PathOf("read-only")).FullName;
        var store = Path.Combine(folder, "store.db");
        await OutputAsync("index", _folder.Images, "-m", ImageFolder.Model, "--store", store);
        Assert.Equal([store], Directory.GetFiles(folder));
        File.SetUnixFileMode(store, UnixFileMode.UserRead);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            var (code, output, error) = await RunAsUserAsync(
                "search",
                "-m",
                ImageFolder.Model,
                "--store",
                store,
                "-t",
                "red",
                "--reasoning",
                "off"
            );
            Assert.True(code == ExitCodes.Success, error);
            Assert.Contains("│ 0.png │", output, StringComparison.Ordinal);
            _folder.Write("1.png", 1);
            (code, _, error) = await RunAsUserAsync("index", _folder.Images, "-m", ImageFolder.Model, "--store", store);
            Assert.Equal(
                (ExitCodes.Failure, $"rge: The store {store} is read-only: it can be searched, but nothing can be written to it.\n"),
                (code, error)
            );
        }
        finally
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Runs a command in a process that may not do what permissions forbid, though its user be root.</summary>
    private static async Task<(int Code, string Output, string Error)> RunAsUserAsync(params string[] line)
    {
        using var process = Start(
            Environment.UserName == "root"
                ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
                : [],
            line
        );
        var (output, error) = (
            process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)
        );
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }

    private async Task<JsonNode> SearchAsync(params string[] line) =>
        JsonNode.Parse(await OutputAsync(["search", "-m", ImageFolder.Model, "--store", _folder.Store, "--json", .. line]))!;

    public void Dispose() => _folder.Dispose();
}
