using System.Text.Json.Nodes;
using Rge.Data;
using Rge.Data.Mmeb;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld;

/// <summary>Writes ShapeWorld to disk in MMEB's form, which <see cref="MmebReader"/> and MMEB's own tools read.</summary>
public static class ShapeWorldFiles
{
    // To be raised when the same seed would draw something else.
    private const int Version = 1;

    /// <summary>
    /// Writes the datasets: for training those of <see cref="ShapeWorldSamples"/>, else those of <see cref="ShapeWorldEvaluation"/>.
    /// </summary>
    /// <param name="folder">The folder to create; may exist when it is empty.</param>
    /// <param name="split">The split that scenes are drawn from.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="queriesPerDataset">Rows of each dataset.</param>
    /// <param name="datasets">
    /// The datasets, as <see cref="ShapeWorldDatasets.Choose"/> takes them; <see langword="null"/> for the eleven of the benchmark.
    /// </param>
    /// <param name="progress">Receives how many rows are written.</param>
    /// <param name="cancellationToken">Stops between rows; nothing is left behind.</param>
    /// <exception cref="DatasetException">The folder is not empty.</exception>
    /// <exception cref="ArgumentException">A dataset is not known.</exception>
    public static async Task WriteAsync(
        string folder,
        WorldSplit split,
        ulong seed,
        int queriesPerDataset,
        IReadOnlyCollection<string>? datasets = null,
        IProgress<int>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(queriesPerDataset, 1);
        var names = ShapeWorldDatasets.Choose(datasets ?? []);
        using var writer = new MmebWriter(folder);
        foreach (var (i, name) in names.Index())
        {
            var rows = new RowsBefore(progress, i * queriesPerDataset);
            if (split == WorldSplit.Train)
                await writer.WriteAsync(name, Samples(name, seed, queriesPerDataset), rows, cancellationToken);
            else
                await writer.WriteAsync(
                    ShapeWorldEvaluation.Create(split, seed, queriesPerDataset, [name]).Single(),
                    rows,
                    cancellationToken
                );
        }
        writer.Complete(
            new JsonObject
            {
                ["name"] = "ShapeWorld",
                ["version"] = Version,
                ["split"] = split.ToString().ToLowerInvariant(),
                ["seed"] = seed,
                ["queries_per_dataset"] = queriesPerDataset,
                ["rows"] = queriesPerDataset * names.Count,
                ["groups"] = new JsonObject(
                    names
                        .GroupBy(ShapeWorldSamples.MetaTaskOf, StringComparer.Ordinal)
                        .Select(group =>
                            KeyValuePair.Create(group.Key, (JsonNode?)new JsonArray([.. group.Select(name => (JsonNode)name)]))
                        )
                ),
            }
        );
    }

    private static IEnumerable<TrainingSample> Samples(string dataset, ulong seed, int count)
    {
        var samples = new ShapeWorldSamples(
            seed,
            WorldSplit.Train,
            new Dictionary<string, double>(StringComparer.Ordinal) { [dataset] = 1 }
        );
        return Enumerable
            .Range(0, (count + ShapeWorldSamples.GroupSize - 1) / ShapeWorldSamples.GroupSize)
            .SelectMany(index => samples.Group(index))
            .Take(count);
    }

    private sealed class RowsBefore(IProgress<int>? progress, int rows) : IProgress<int>
    {
        public void Report(int value) => progress?.Report(rows + value);
    }
}
