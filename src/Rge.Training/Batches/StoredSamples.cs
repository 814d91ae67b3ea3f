using Rge.Data;
using Rge.Files;
using Rge.Training.Settings;

namespace Rge.Training.Batches;

/// <summary>Samples of datasets at hand, drawn by weight; each dataset is gone through in a new order each time around.</summary>
internal sealed class StoredSamples : ISampleSource
{
    private readonly (double Weight, ShuffledRounds<TrainingSample> Samples)[] _datasets;
    private readonly Dictionary<TrainingSample, TrainingSample> _next = new(ReferenceEqualityComparer.Instance);
    private readonly DataSettings _settings;
    private readonly long _seed;

    /// <param name="samples">All samples.</param>
    /// <param name="settings">How they are drawn.</param>
    /// <param name="seed">Seed of the order.</param>
    /// <exception cref="TrainingException">A weight is for a dataset that does not exist, or nothing is left to draw.</exception>
    public StoredSamples(IEnumerable<TrainingSample> samples, DataSettings settings, long seed)
    {
        var byName = samples
            .GroupBy(sample => sample.Dataset, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
        if (settings.Weights.Keys.FirstOrDefault(name => !byName.ContainsKey(name)) is { } unknown)
            throw new TrainingException(
                $"data.weights names {unknown}, expected one of {string.Join(", ", byName.Keys)}; data.weights={{}} takes all alike."
            );
        var used = byName
            .Where(dataset => settings.Weights.Count == 0 || settings.Weights.TryGetValue(dataset.Key, out var weight) && weight > 0)
            .ToArray();
        if (used.Length == 0)
            throw new TrainingException("There is no sample to learn from: the data folder is empty or all weights are 0.");
        (_settings, _seed) = (settings, seed);
        _datasets =
        [
            .. used.Select(
                (dataset, i) =>
                    (
                        settings.Weights.Count == 0 ? 1.0 : settings.Weights[dataset.Key],
                        new ShuffledRounds<TrainingSample>(dataset.Value, (ulong)seed, (ulong)i)
                    )
            ),
        ];
        foreach (var (_, rows) in used)
            for (var i = 0; i < rows.Length; i++)
                _next[rows[i]] = rows[(i + 1) % rows.Length];
        Counts = used.ToDictionary(dataset => dataset.Key, dataset => dataset.Value.Length, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, int> Counts { get; }

    /// <inheritdoc/>
    public TrainingSample? After(TrainingSample sample) => _next.GetValueOrDefault(sample);

    /// <inheritdoc/>
    public IReadOnlyList<TrainingSample> Samples(long step)
    {
        var samples = new List<TrainingSample>();
        // A stored dataset says nothing of its meta-task: sub-batches are of one dataset or mixed.
        var run = _settings.Mixing == BatchMixing.Mixed ? 1 : _settings.SubBatch;
        while (samples.Count < _settings.Queries)
        {
            var place = step * _settings.Queries + samples.Count;
            var dataset = SplitMix64.At((ulong)_seed, (ulong)(place / run)).Pick(_datasets, dataset => dataset.Weight).Samples;
            for (var i = 0; i < run && samples.Count < _settings.Queries; i++)
                samples.Add(dataset.At(place + i));
        }
        return samples;
    }
}
