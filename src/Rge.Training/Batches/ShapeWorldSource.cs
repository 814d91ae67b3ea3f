using Rge.Data;
using Rge.Files;
using Rge.Imaging;
using Rge.Models;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;
using Rge.Training.Settings;

namespace Rge.Training.Batches;

/// <summary>Samples drawn from ShapeWorld without end. Immutable and thread-safe.</summary>
internal sealed class ShapeWorldSource : ISampleSource
{
    /// <summary>Numbers of colours, shapes and cells that a labelled image tells apart; colours and shapes count "none".</summary>
    public static readonly int[] CellClasses =
    [
        Enum.GetValues<ObjectColor>().Length + 1,
        Enum.GetValues<ObjectShape>().Length + 1,
        Enum.GetValues<Cell>().Length,
    ];

    private const int IgnoredLabel = -100;

    /// <summary>Every so many images one is shown as crops, which the vision tower must know without their surroundings.</summary>
    private const int CropsEvery = 4;

    private readonly DataSettings _settings;
    private readonly long _seed;
    private readonly ImageProcessor _images;
    private readonly ShapeWorldSamples _all;
    private readonly (double Weight, ShapeWorldSamples Samples)[] _parts;

    /// <exception cref="TrainingException">A weight is for a dataset that ShapeWorld does not have.</exception>
    public ShapeWorldSource(DataSettings settings, long seed, QwenVlProcessor processor)
    {
        (_settings, _seed, _images) = (settings, seed, processor.Images);
        var weights =
            settings.Weights.Count > 0
                ? settings.Weights
                : ShapeWorldSamples.Datasets.ToDictionary(name => name, _ => 1.0, StringComparer.Ordinal);
        if (weights.Keys.FirstOrDefault(name => !ShapeWorldDatasets.Every.Contains(name, StringComparer.Ordinal)) is { } unknown)
            throw new TrainingException($"data.weights names {unknown}, expected one of {string.Join(", ", ShapeWorldDatasets.Every)}.");
        _all = Stream(weights.Where(weight => weight.Value > 0));
        // One stream for each set of datasets that a sub-batch may come from.
        _parts = settings.Mixing switch
        {
            BatchMixing.Mixed => [(1, _all)],
            BatchMixing.MetaTask =>
            [
                .. weights
                    .Where(weight => weight.Value > 0)
                    .GroupBy(weight => ShapeWorldSamples.MetaTaskOf(weight.Key), StringComparer.Ordinal)
                    .Select(group => (group.Sum(weight => weight.Value), Stream(group))),
            ],
            _ => [.. weights.Where(weight => weight.Value > 0).Select(weight => (weight.Value, Stream([weight])))],
        };

        ShapeWorldSamples Stream(IEnumerable<KeyValuePair<string, double>> part) =>
            new((ulong)seed, WorldSplit.Train, part.ToDictionary(weight => weight.Key, weight => weight.Value, StringComparer.Ordinal));
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, int> Counts { get; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>The development set.</summary>
    public static IReadOnlyList<EvaluationDataset> Development(EvaluationSettings settings) =>
        ShapeWorldEvaluation.Create(WorldSplit.Dev, (ulong)settings.Seed, settings.Queries, settings.Datasets);

    /// <inheritdoc/>
    public IReadOnlyList<TrainingSample> Samples(long step)
    {
        var samples = new List<TrainingSample>(_settings.Queries + ShapeWorldSamples.GroupSize);
        for (var place = step * Groups; samples.Count < _settings.Queries; place++)
        {
            var subBatch = place * ShapeWorldSamples.GroupSize / _settings.SubBatch;
            samples.AddRange(SplitMix64.At((ulong)_seed, (ulong)subBatch).Pick(_parts, part => part.Weight).Samples.Group(place));
        }
        return samples[.._settings.Queries];
    }

    /// <inheritdoc/>
    public TrainingSample? After(TrainingSample sample) => null;

    /// <summary>Samples without targets: captions and simple questions.</summary>
    public IReadOnlyList<TrainingSample> Language(long step) => Untargeted(step, _all.PretrainingGroup);

    /// <summary>Samples without targets that also ask which objects are equal.</summary>
    public IReadOnlyList<TrainingSample> Likeness(long step) => Untargeted(step, _all.LikenessGroup);

    /// <summary>Labelled images.</summary>
    public CellBatch Cells(long step)
    {
        var images = new List<PatchedImage>();
        var (colors, shapes, cells) = (new List<long>(), new List<long>(), new List<long>());
        for (var i = 0; i < _settings.Queries; i++)
        {
            var labelled = _all.Labelled(step * _settings.Queries + i);
            var cropped = i % CropsEvery == 0;
            if (!cropped)
                images.Add(_images.Process(labelled.Image));
            foreach (var cell in Enum.GetValues<Cell>())
            {
                if (cropped)
                    images.Add(_images.Process(labelled.Crop(cell)));
                var content = labelled.Scene[cell];
                colors.Add(content is null ? CellClasses[0] - 1 : (int)content.Value.Color);
                shapes.Add(content is null ? CellClasses[1] - 1 : (int)content.Value.Shape);
                cells.Add(cropped ? IgnoredLabel : (int)cell);
            }
        }
        return new CellBatch(images, [.. colors], [.. shapes], [.. cells]);
    }

    private int Groups => (_settings.Queries + ShapeWorldSamples.GroupSize - 1) / ShapeWorldSamples.GroupSize;

    private List<TrainingSample> Untargeted(long step, Func<long, IReadOnlyList<TrainingSample>> group) =>
        [.. Enumerable.Range(0, Groups).SelectMany(i => group(step * Groups + i)).Take(_settings.Queries)];
}
