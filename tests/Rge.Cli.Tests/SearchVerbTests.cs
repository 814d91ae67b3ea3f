using System.Text.Json.Nodes;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

/// <summary><c>rge index</c> and <c>rge search</c> together.</summary>
public sealed class SearchVerbTests : IDisposable
{
    private readonly PictureFolder _folder = new();

    [Fact]
    public async Task A_folder_is_indexed_and_a_picture_found_again()
    {
        for (var i = 0; i < 6; i++) _folder.Write($"{i}.png", i);
        await File.WriteAllTextAsync(_folder.Picture("broken.png"), "no picture", TestContext.Current.CancellationToken);
        var output = await OutputAsync([.. Index, "--metadata", "album=one"]);
        Assert.StartsWith("6 stored (6 embedded), 0 unchanged, 0 removed, 1 broken\nbroken: broken.png: ", output, StringComparison.Ordinal);
        File.Delete(_folder.Picture("broken.png"));
        File.Delete(_folder.Picture("5.png"));
        var again = JsonNode.Parse(await OutputAsync([.. Index, "--metadata", "album=one", "--json"]))!;
        Assert.Equal((0, 5, 1), ((int)again["stored"]!, (int)again["unchanged"]!, (int)again["removed"]!));

        var found = await SearchAsync("-i", _folder.Picture("3.png"), "--reasoning", "off", "--top", "2");
        Assert.Null(found["rationale"]);
        Assert.Equal(2, found["hits"]!.AsArray().Count);
        Assert.Equal((_folder.Picture("3.png"), "image", "one"), ((string)found["hits"]![0]!["path"]!, (string)found["hits"]![0]!["kind"]!, (string)found["hits"]![0]!["metadata"]!["album"]![0]!));
        Assert.Equal(1, (double)found["hits"]![0]!["score"]!, 3);
        Assert.Equal(0, (double)found["seconds"]!["reason"]!);
        Assert.Empty((await SearchAsync("-t", "red", "--where", "album!=one"))["hits"]!.AsArray());
        Assert.Empty((await SearchAsync("-t", "red", "--kind", "text"))["hits"]!.AsArray());
    }

    [Fact]
    public async Task The_rationale_is_shown_before_the_hits_and_a_given_one_is_taken_instead()
    {
        for (var i = 0; i < 3; i++) _folder.Write($"{i}.png", i);
        await OutputAsync(Index);
        var json = await SearchAsync("-t", "a red circle", "-i", _folder.Picture("1.png"), "--instruction", "Find a picture:");
        Assert.True((double)json["seconds"]!["reason"]! > 0);
        string[] query = ["search", "-m", PictureFolder.Model, "--store", _folder.Store, "-t", "a red circle", "-i", _folder.Picture("1.png"), "--instruction", "Find a picture:"];
        var text = await OutputAsync(query);
        Assert.StartsWith($"rationale {(string?)json["rationale"]}", text, StringComparison.Ordinal);
        Assert.Contains("│ cosine │", text, StringComparison.Ordinal);
        Assert.Contains("0.png", text, StringComparison.Ordinal);
        Assert.StartsWith("rationale a blue star (given)", await OutputAsync([.. query, "--rationale", "a blue star"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_collection_keeps_to_its_model_and_its_instruction()
    {
        _folder.Write("0.png", 0);
        await OutputAsync([.. Index, "--instruction", "Describe:", "--dimensions", "16"]);
        Assert.Contains("1 unchanged", await OutputAsync(Index), StringComparison.Ordinal);
        Assert.Contains("was made with the instruction \"Describe:\", but the instruction \"Another:\" was given", await ErrorAsync(RgeCommand.Failure, [.. Index, "--instruction", "Another:"]), StringComparison.Ordinal);
        var baseline = Path.Combine(Path.GetDirectoryName(PictureFolder.Model)!, "shapeworld-baseline");
        Assert.Contains("was made with the model shapeworld ", await ErrorAsync(RgeCommand.Failure, "search", "-m", baseline, "--store", _folder.Store, "-t", "x"), StringComparison.Ordinal);
        Assert.Contains("There is no collection other; the store has items", await ErrorAsync(RgeCommand.Failure, "search", "-m", PictureFolder.Model, "--store", _folder.Store, "--collection", "other", "-t", "x"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_store_is_named_and_left_alone()
    {
        _folder.Write("0.png", 0);
        await File.WriteAllTextAsync(_folder.Store, "something of somebody's, long enough to be taken for a header of a database file", TestContext.Current.CancellationToken);
        Assert.Contains("store.db failed", await ErrorAsync(RgeCommand.Failure, Index), StringComparison.Ordinal);
        Assert.StartsWith("something of somebody's", await File.ReadAllTextAsync(_folder.Store, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named_without_its_password()
    {
        _folder.Write("0.png", 0);
        var problem = await ErrorAsync(RgeCommand.Failure, "index", _folder.Pictures, "-m", PictureFolder.Model, "--store", "postgresql://me:secret@127.0.0.1:1/db");
        Assert.Contains("127.0.0.1:1/db", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
    }

    private string[] Index => ["index", _folder.Pictures, "-m", PictureFolder.Model, "--store", _folder.Store];

    private async Task<JsonNode> SearchAsync(params string[] line) =>
        JsonNode.Parse(await OutputAsync(["search", "-m", PictureFolder.Model, "--store", _folder.Store, "--json", .. line]))!;

    public void Dispose() => _folder.Dispose();
}
