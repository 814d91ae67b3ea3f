using Rge.Data;
using Rge.Training.Batches;
using Rge.Training.Settings;

namespace Rge.Training.Tests;

public sealed class StoredSamplesTests
{
    [Fact]
    public void Each_round_has_every_sample_once_in_another_order()
    {
        var source = new StoredSamples(Make("a", 6), new DataSettings { Queries = 3 }, seed: 1);
        string[][] rounds =
        [
            .. Enumerable
                .Range(0, 3)
                .Select(round =>
                    (string[])[.. source.Samples(2 * round).Concat(source.Samples(2 * round + 1)).Select(sample => sample.Source)]
                ),
        ];
        Assert.All(rounds, round => Assert.Equal(["a0", "a1", "a2", "a3", "a4", "a5"], round.Order(StringComparer.Ordinal)));
        Assert.NotEqual(rounds[0], rounds[1]);
    }

    [Fact]
    public void A_step_has_the_same_samples_whenever_it_is_asked_for()
    {
        var settings = new DataSettings { Queries = 8 };
        StoredSamples one = new(Make("a", 5).Concat(Make("b", 7)), settings, seed: 3),
            other = new(Make("b", 7).Concat(Make("a", 5)), settings, seed: 3);
        var forward = Enumerable.Range(0, 20).Select(step => Names(one, step)).ToArray();
        var backward = Enumerable.Range(0, 20).Reverse().Select(step => Names(other, step)).Reverse().ToArray();
        Assert.Equal(forward, backward);
        Assert.NotEqual(
            forward,
            Enumerable
                .Range(0, 20)
                .Select(step => Names(new StoredSamples(Make("a", 5).Concat(Make("b", 7)), settings, seed: 4), step))
                .ToArray()
        );

        static string Names(StoredSamples source, long step) => string.Join(' ', source.Samples(step).Select(sample => sample.Source));
    }

    [Fact]
    public void Datasets_are_drawn_by_weight_and_sub_batches_are_of_one()
    {
        var settings = new DataSettings
        {
            Queries = 8,
            SubBatch = 4,
            Mixing = BatchMixing.Dataset,
            Weights = new Dictionary<string, double>(StringComparer.Ordinal)
            {
                ["a"] = 3,
                ["b"] = 1,
                ["c"] = 0,
            },
        };
        var source = new StoredSamples(Make("a", 50).Concat(Make("b", 50)).Concat(Make("c", 50)), settings, seed: 1);
        var steps = Enumerable.Range(0, 500).Select(step => source.Samples(step).Select(sample => sample.Dataset).ToArray()).ToArray();
        Assert.All(steps, step => Assert.All(step.Chunk(4), part => Assert.Single(part.Distinct(StringComparer.Ordinal))));
        var drawn = steps
            .SelectMany(step => step)
            .CountBy(name => name)
            .ToDictionary(count => count.Key, count => count.Value, StringComparer.Ordinal);
        Assert.Equal(["a", "b"], drawn.Keys.Order(StringComparer.Ordinal));
        Assert.InRange(drawn["a"], 2800, 3200);
        Assert.Equal(["a", "b"], source.Counts.Keys);
    }

    [Fact]
    public void A_weight_of_a_dataset_that_is_not_there_is_refused_by_name()
    {
        var settings = new DataSettings { Weights = new Dictionary<string, double>(StringComparer.Ordinal) { ["x"] = 1 } };
        Assert.Contains(
            "x, expected one of a",
            Assert.Throws<TrainingException>(() => new StoredSamples(Make("a", 1), settings, 1)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<TrainingException>(() => new StoredSamples([], new DataSettings(), 1));
    }

    private static IEnumerable<TrainingSample> Make(string dataset, int count) =>
        Enumerable
            .Range(0, count)
            .Select(i => new TrainingSample
            {
                Dataset = dataset,
                Source = $"{dataset}{i}",
                Query = EmbeddingInput.Query("q"),
            });
}
