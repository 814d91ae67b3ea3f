using Rge.Data;
using Rge.Files;
using Rge.ShapeWorld.Scenes;
using Rge.ShapeWorld.Tasks;

namespace Rge.ShapeWorld;

/// <summary>
/// An endless stream of training data. The sample at an index depends on seed, split, weights and index alone, so that a run resumes where
/// it stopped. Immutable and thread-safe.
/// </summary>
public sealed class ShapeWorldSamples
{
    private readonly (ShapeTask Task, double UpTo)[] _tasks;

    /// <summary>The meta-task a dataset belongs to: classification, vqa, retrieval or grounding.</summary>
    /// <exception cref="ArgumentException">The dataset is not known.</exception>
    public static string MetaTaskOf(string dataset) =>
        ShapeTasks.Every.FirstOrDefault(task => task.Name == dataset)?.Group
        ?? throw new ArgumentException(
            $"The dataset '{dataset}' is not known, expected any of {string.Join(", ", ShapeWorldDatasets.Every)}.",
            nameof(dataset)
        );

    /// <summary>Creates a stream.</summary>
    /// <param name="seed">The seed; streams of different seeds are independent.</param>
    /// <param name="split">The split that scenes are drawn from.</param>
    /// <param name="weights">
    /// How often each of <see cref="ShapeWorldDatasets.Every"/> is drawn, relative to the others; those not named are left out.
    /// <see langword="null"/>: all <see cref="Datasets"/> equally.
    /// </param>
    /// <exception cref="ArgumentException">A dataset is not known, a weight is negative or not a number, or all are 0.</exception>
    public ShapeWorldSamples(ulong seed, WorldSplit split, IReadOnlyDictionary<string, double>? weights = null)
    {
        (Seed, Split) = (seed, split);
        weights ??= ShapeTasks.All.ToDictionary(task => task.Name, _ => 1.0, StringComparer.Ordinal);
        if (weights.Keys.FirstOrDefault(name => ShapeTasks.Every.All(task => task.Name != name)) is { } unknown)
            throw new ArgumentException(
                $"The dataset '{unknown}' is not known, expected any of {string.Join(", ", ShapeWorldDatasets.Every)}.",
                nameof(weights)
            );
        if (weights.Values.Any(weight => !(weight >= 0 && double.IsFinite(weight))) || weights.Values.Sum() is not > 0)
            throw new ArgumentException("The weights are expected to be 0 or more, and not all 0.", nameof(weights));
        // In the datasets' own order, whatever the order of the map.
        var (upTo, tasks) = (0.0, new List<(ShapeTask, double)>());
        foreach (var task in ShapeTasks.Every)
            if (weights.GetValueOrDefault(task.Name) is > 0 and var weight)
                tasks.Add((task, upTo += weight));
        _tasks = [.. tasks];
    }

    /// <summary>Names of the eleven datasets of the benchmark; see <see cref="ShapeWorldDatasets"/> for more.</summary>
    public static IReadOnlyList<string> Datasets { get; } = [.. ShapeTasks.All.Select(task => task.Name)];

    /// <summary>Samples in a group.</summary>
    public static int GroupSize => ShapeTask.GroupSize;

    /// <summary>The seed.</summary>
    public ulong Seed { get; }

    /// <summary>The split that scenes are drawn from.</summary>
    public WorldSplit Split { get; }

    /// <summary>
    /// Four samples of one dataset: on one scene (sharing its <see cref="ImageSource"/>), or on four that are one edit apart. Their targets
    /// have different keys.
    /// </summary>
    /// <param name="index">The index in the stream, from 0.</param>
    public IReadOnlyList<TrainingSample> Group(long index)
    {
        var random = At(WorldStream.Training, index);
        var at = random.Fraction() * _tasks[^1].UpTo;
        var task = Array.Find(_tasks, candidate => at < candidate.UpTo).Task;
        return Illustrate(random, [.. task.Draw(random, Split).Select(question => (task.Name, question))], index);
    }

    /// <summary>
    /// Four samples of simple questions for pretraining: listing, finding and naming objects.
    /// They have no targets.
    /// </summary>
    /// <inheritdoc cref="Group" path="/param"/>
    public IReadOnlyList<TrainingSample> PretrainingGroup(long index) => Ask(WorldStream.Pretraining, index, likeness: false);

    /// <summary>As <see cref="PretrainingGroup"/>, and also which objects of an image are alike, and how many.</summary>
    /// <inheritdoc cref="Group" path="/param"/>
    public IReadOnlyList<TrainingSample> LikenessGroup(long index) => Ask(WorldStream.Comparison, index, likeness: true);

    /// <summary>An image with labels.</summary>
    /// <inheritdoc cref="Group" path="/param"/>
    public LabelledScene Labelled(long index)
    {
        var random = At(WorldStream.Labelled, index);
        var scene = Pretraining.DrawScene(random, Split);
        return new LabelledScene(SceneRenderer.Render(scene, random.Next()), scene);
    }

    private TrainingSample[] Ask(WorldStream stream, long index, bool likeness)
    {
        var random = At(stream, index);
        return Illustrate(random, Pretraining.Draw(random, Split, likeness), index);
    }

    private SplitMix64 At(WorldStream stream, long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return SplitMix64.At(Seed, (ulong)Split, (ulong)stream, (ulong)index);
    }

    private TrainingSample[] Illustrate(SplitMix64 random, IReadOnlyList<(string Dataset, Question Question)> asked, long index)
    {
        QuestionRenderer illustrator = new QuestionRenderer(random);
        return
        [
            .. asked.Select(
                (one, i) =>
                    illustrator.Sample(
                        one.Question,
                        one.Dataset,
                        $"{one.Dataset}, group {index} of the {Split} split with seed {Seed}, sample {i + 1}"
                    )
            ),
        ];
    }
}
