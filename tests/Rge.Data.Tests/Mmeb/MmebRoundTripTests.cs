using System.Text.Json.Nodes;
using Rge.Data.Mmeb;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;
using Rge.Tests.Shared;

namespace Rge.Data.Tests.Mmeb;

/// <summary>What is written reads back as the same rows.</summary>
public sealed class MmebRoundTripTests : IDisposable
{
    private const string Mark = "<|image_1|>";

    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(WorldSplit.Dev)]
    [InlineData(WorldSplit.Test)]
    public async Task Evaluation_sets_read_back_as_they_were_drawn(WorldSplit split)
    {
        await ShapeWorldFiles.WriteAsync(_scratch["world"], split, 4, 6);
        var (drawn, read) = (ShapeWorldEvaluation.Create(split, 4, 6), await MmebReader.ReadEvaluationFolderAsync(_scratch["world"]));
        Assert.Equal(
            drawn.Select(dataset => (dataset.Name, dataset.Group, dataset.Rows.Count)),
            read.Select(dataset => (dataset.Name, dataset.Group, dataset.Rows.Count))
        );
        foreach (var (one, other) in drawn.SelectMany(dataset => dataset.Rows).Zip(read.SelectMany(dataset => dataset.Rows)))
        {
            AssertSame(one.Query, other.Query);
            Assert.Equal(one.Rationale, other.Rationale);
            Assert.Equal(one.Candidates.Count, other.Candidates.Count);
            foreach (var (candidate, again) in one.Candidates.Zip(other.Candidates))
                AssertSame(candidate, again);
        }
        Assert.Equal(Unique(drawn), Unique(read));
    }

    [Fact]
    public async Task Training_samples_read_back_as_they_were_drawn()
    {
        await ShapeWorldFiles.WriteAsync(_scratch["world"], WorldSplit.Train, 4, 6);
        var read = await MmebReader.ReadTrainingFolderAsync(_scratch["world"]);
        Assert.Equal(ShapeWorldSamples.Datasets.Order(), read.Select(sample => sample.Dataset).Distinct().Order());
        foreach (var dataset in read.GroupBy(sample => sample.Dataset))
        {
            var samples = new ShapeWorldSamples(4, WorldSplit.Train, new Dictionary<string, double> { [dataset.Key] = 1 });
            foreach (var (one, other) in samples.Group(0).Concat(samples.Group(1)).Take(6).Zip(dataset, ValueTuple.Create))
            {
                AssertSame(one.Query, other.Query);
                Assert.Equal(one.Rationale, other.Rationale);
                Assert.Equal(
                    one.Targets.Concat(one.Negatives).Select(target => target.Key),
                    other.Targets.Concat(other.Negatives).Select(target => target.Key)
                );
                foreach (var (target, again) in one.Targets.Concat(one.Negatives).Zip(other.Targets.Concat(other.Negatives)))
                    AssertSame(target.Item, again.Item);
            }
        }
    }

    [Fact]
    public async Task A_manifest_says_what_was_written()
    {
        await ShapeWorldFiles.WriteAsync(_scratch["world"], WorldSplit.Test, 9, 2);
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(_scratch["world", "manifest.json"]))!;
        Assert.Equal(
            ("test", 9, 2, 22),
            ((string?)manifest["split"], (int)manifest["seed"]!, (int)manifest["queries_per_dataset"]!, (int)manifest["rows"]!)
        );
        Assert.Equal(["cls_major", "cls_twins", "cls_row"], manifest["groups"]!["classification"]!.AsArray().Select(name => (string?)name));
    }

    [Fact]
    public async Task A_folder_with_something_in_it_is_refused_and_left_alone()
    {
        Directory.CreateDirectory(_scratch["world"]);
        await File.WriteAllTextAsync(_scratch["world", "notes.txt"], "mine");
        var error = await Assert.ThrowsAsync<DatasetException>(() => ShapeWorldFiles.WriteAsync(_scratch["world"], WorldSplit.Test, 1, 1));
        Assert.Equal($"{_scratch["world"]} is not empty: name a folder that does not exist yet.", error.Message);
        Assert.Single(Directory.EnumerateFileSystemEntries(_scratch.Path));
    }

    [Fact]
    public async Task An_empty_folder_is_written_into()
    {
        Directory.CreateDirectory(_scratch["world"]);
        await ShapeWorldFiles.WriteAsync(_scratch["world"], WorldSplit.Train, 1, 1);
        Assert.Equal(11, (await MmebReader.ReadTrainingFolderAsync(_scratch["world"])).Count);
    }

    [Fact]
    public async Task Stopping_leaves_nothing_behind()
    {
        using var stop = new CancellationTokenSource();
        var progress = new StopAfter(stop, 9);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            ShapeWorldFiles.WriteAsync(_scratch["world"], WorldSplit.Train, 1, 4, progress: progress, cancellationToken: stop.Token)
        );
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch.Path));
        Assert.InRange(progress.Last, 9, 10);
    }

    [Fact]
    public async Task Samples_that_the_form_cannot_hold_are_refused()
    {
        using var writer = new MmebWriter(_scratch["world"]);
        await Assert.ThrowsAsync<ArgumentException>(() =>
            writer.WriteAsync("pre", new ShapeWorldSamples(1, WorldSplit.Train).PretrainingGroup(0))
        );
    }

    private static int Unique(IEnumerable<EvaluationDataset> datasets) =>
        datasets
            .Where(dataset => dataset.Group != "grounding")
            .SelectMany(dataset => dataset.Rows)
            .SelectMany(row => row.Candidates)
            .Distinct(ReferenceEqualityComparer.Instance)
            .Count();

    private static void AssertSame(EmbeddingInput drawn, EmbeddingInput read)
    {
        // The mark stands where an image without one stands as well.
        Assert.Equal(drawn.Images.Count > 0 ? $"{Mark} {drawn.Text}" : drawn.Text, MmebText.Format(read));
        Assert.Equal(drawn.Text, read.Text);
        Assert.Equal(drawn.Role, read.Role);
        Assert.Equal(drawn.Images.Count, read.Images.Count);
        if (drawn.Images.Count > 0)
            Assert.Equal(drawn.Images[0].Decode().Pixels, read.Images[0].Decode().Pixels);
    }

    private sealed class StopAfter(CancellationTokenSource source, int rows) : IProgress<int>
    {
        public int Last { get; private set; }

        public void Report(int value)
        {
            Last = value;
            if (value >= rows)
                source.Cancel();
        }
    }
}
