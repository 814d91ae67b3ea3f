using System.Text.Json.Nodes;
using Rge.Cli.Output;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class WorldVerbTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rge-world-");

    [Theory]
    [InlineData("train", "train-00000-of-00001.parquet")]
    [InlineData("dev", "test-00000-of-00001.parquet")]
    public async Task The_benchmark_is_written_to_disk(string split, string file)
    {
        var world = Path.Combine(_folder.FullName, "world");
        Assert.Equal(
            $"Wrote 11 datasets of 2 rows to {world}.\n",
            await OutputAsync("world", "--split", split, "--seed", "3", "--queries", "2", "--out", world)
        );
        Assert.Equal(11, Directory.GetFiles(world, file, SearchOption.AllDirectories).Length);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(world, "images"), "*.png"));
    }

    [Fact]
    public async Task Datasets_can_be_chosen_by_name_and_by_set()
    {
        var world = Path.Combine(_folder.FullName, "world");
        Assert.Equal(
            $"Wrote 4 datasets of 1 rows to {world}.\n",
            await OutputAsync("world", "--split", "dev", "--queries", "1", "--datasets", "beyond-words", "vqa_path", "--out", world)
        );
        Assert.Equal(
            ["grd_twin", "images", "ret_aspect", "ret_twin", "vqa_path"],
            Directory.GetDirectories(world).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task What_was_written_is_printed_as_a_document()
    {
        var world = Path.Combine(_folder.FullName, "world");
        var json = JsonNode.Parse(await OutputAsync("world", "--queries", "1", "--seed", "5", "--out", world, "--json"))!;
        Assert.Equal(
            (world, "test", 5UL, 11),
            ((string)json["folder"]!, (string)json["split"]!, (ulong)json["seed"]!, json["datasets"]!.AsArray().Count)
        );
    }

    [Fact]
    public async Task A_folder_with_something_in_it_is_refused()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "notes.txt"), "mine");
        Assert.Contains(
            "is not empty: name a folder that does not exist yet",
            await ErrorAsync(ExitCodes.Failure, "world", "--queries", "1", "--out", _folder.FullName),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("world", "--out")]
    [InlineData("world --out x --queries 0", "--queries is 0, expected 1 to 1000000")]
    [InlineData("world --out x --split all", "'all'")]
    [InlineData("world --out x --datasets ret_twins", "'ret_twins'")]
    public async Task Arguments_that_make_no_sense_end_with_2(string line, string message) =>
        Assert.Contains(message, await ErrorAsync(ExitCodes.Usage, line.Split(' ')), StringComparison.Ordinal);

    public void Dispose() => _folder.Delete(recursive: true);
}
