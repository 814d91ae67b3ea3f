using System.Security.Cryptography;
using System.Text;
using Rge.Data;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tests;

public sealed class ShapeWorldSamplesTests
{
    private static readonly ShapeWorldSamples Samples = new(1, WorldSplit.Train);

    /// <summary>Holds every text and pixel: who changes them changes the benchmark, and has to say so here.</summary>
    [Fact]
    public void The_stream_is_what_it_was()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var index = 0L; index < 40; index++)
            foreach (var sample in Samples.Group(index).Concat(Samples.PretrainingGroup(index)).Concat(Samples.LikenessGroup(index)))
            {
                hash.AppendData(Encoding.UTF8.GetBytes($"{sample.Dataset}|{sample.Query.Text}|{sample.Rationale}\n"));
                foreach (var item in sample.Targets.Concat(sample.Negatives))
                    hash.AppendData(Encoding.UTF8.GetBytes($"{item.Key}|{item.Item.Text}\n"));
            }
        for (var index = 0L; index < 40; index++)
            hash.AppendData(Samples.Labelled(index).Image.Pixels);
        Assert.Equal("B8F1979865B91E21", Convert.ToHexString(hash.GetHashAndReset())[..16]);
    }

    [Fact]
    public void An_index_gives_the_same_group_in_any_order_and_on_any_thread()
    {
        var forward = Enumerable.Range(0, 60).Select(i => Describe(Samples.Group(i))).ToArray();
        var scattered = new string[60];
        Parallel.For(0, 60, i => scattered[59 - i] = Describe(new ShapeWorldSamples(1, WorldSplit.Train).Group(59 - i)));
        Assert.Equal(forward, scattered);
        Assert.Equal(60, forward.Distinct().Count());
    }

    [Fact]
    public void Seeds_and_splits_give_other_groups()
    {
        string[] groups =
        [
            .. from seed in (ulong[])[1, 2]
            from split in Enum.GetValues<WorldSplit>()
            select Describe(new ShapeWorldSamples(seed, split).Group(7)),
        ];
        Assert.Equal(6, groups.Distinct().Count());
    }

    [Fact]
    public void Samples_of_one_scene_share_their_image()
    {
        var samples = new ShapeWorldSamples(1, WorldSplit.Train, new Dictionary<string, double> { ["ret_comp"] = 1 });
        for (var index = 0; index < 10; index++)
        {
            var group = samples.Group(index);
            Assert.Single(group.Select(sample => sample.Query.Images.Single()).Distinct());
            // The image as it was is the first negative of each, and the very instance that the queries show.
            Assert.All(group, sample => Assert.Same(sample.Query.Images.Single(), sample.Negatives[0].Item.Images.Single()));
        }
    }

    [Fact]
    public void Weights_say_how_often_a_dataset_comes()
    {
        var samples = new ShapeWorldSamples(
            1,
            WorldSplit.Train,
            new Dictionary<string, double>
            {
                ["vqa_path"] = 3,
                ["grd_path"] = 1,
                ["ret_t2i"] = 0,
            }
        );
        var counts = Enumerable.Range(0, 800).Select(i => samples.Group(i)[0].Dataset).CountBy(name => name).ToDictionary();
        Assert.Equal(["grd_path", "vqa_path"], counts.Keys.Order());
        Assert.InRange(counts["vqa_path"], 560, 640);
    }

    [Fact]
    public void All_datasets_come_equally_often_by_default()
    {
        var counts = Enumerable.Range(0, 1100).Select(i => Samples.Group(i)[0].Dataset).CountBy(name => name).ToList();
        Assert.Equal(ShapeWorldSamples.Datasets.Order(), counts.Select(count => count.Key).Order());
        Assert.All(counts, count => Assert.InRange(count.Value, 65, 140));
    }

    [Theory]
    [InlineData("vqa_paths", 1)]
    [InlineData("vqa_path", -1)]
    [InlineData("vqa_path", double.NaN)]
    [InlineData("vqa_path", 0)]
    public void Weights_without_sense_are_refused(string name, double weight) =>
        Assert.Throws<ArgumentException>(() =>
            new ShapeWorldSamples(1, WorldSplit.Train, new Dictionary<string, double> { [name] = weight })
        );

    [Theory]
    [InlineData(false, "pre_crop pre_edit pre_find pre_list pre_name pre_next pre_resolve")]
    [InlineData(true, "pre_count pre_crop pre_edit pre_find pre_list pre_most pre_name pre_next pre_other pre_resolve")]
    public void Pretraining_has_answers_and_no_targets(bool likeness, string expected)
    {
        var known = ShapeWorldVocabulary.Words.ToHashSet();
        var datasets = new HashSet<string>();
        for (var index = 0; index < 200; index++)
        {
            var group = likeness ? Samples.LikenessGroup(index) : Samples.PretrainingGroup(index);
            Assert.Equal(ShapeWorldSamples.GroupSize, group.Count);
            foreach (var sample in group)
            {
                datasets.Add(sample.Dataset);
                Assert.Empty(sample.Targets);
                Assert.All($"{sample.Query.Text} {sample.Rationale}".Split(' '), word => Assert.Contains(word, known));
                Assert.InRange(sample.Rationale!.Split(' ').Length, 1, 37);
            }
        }
        Assert.Equal(expected.Split(' '), datasets.Order());
    }

    [Fact]
    public void Labels_are_of_the_split_and_of_every_kind()
    {
        var labelled = Enumerable.Range(0, 400).Select(i => Samples.Labelled(i).Scene).ToList();
        Assert.All(labelled, scene => Assert.Equal(WorldSplit.Train, scene.Split));
        Assert.Equal(100, labelled.SelectMany(scene => scene.Objects).Select(placed => placed.Kind).Distinct().Count());
    }

    private static string Describe(IReadOnlyList<TrainingSample> group) =>
        string.Join(
            '\n',
            group.Select(sample =>
                $"{sample.Query.Text} {sample.Rationale} {sample.Targets[0].Key} "
                + $"{string.Join(' ', sample.Query.Images.Concat(sample.Targets[0].Item.Images).Select(Content))}"
            )
        );

    private static string Content(ImageSource image) => Convert.ToHexString(SHA256.HashData(image.Decode().Pixels));
}
