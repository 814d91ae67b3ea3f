using Rge.Data;
using Rge.Models;
using Rge.Training.Batches;
using Rge.Training.Objective;
using Rge.Training.Settings;

namespace Rge.Training.Tests.Reinforce;

public sealed class RationaleRewardTests : IDisposable
{
    private const string Oracle = "north red star so red star";

    private readonly string _folder = Directory.CreateTempSubdirectory("rge-reward-").FullName;
    private readonly QwenVlProcessor _processor;
    private readonly int _emb;

    public RationaleRewardTests()
    {
        ShapeWorldCheckpoint.Write(_folder, seed: 1);
        _processor = QwenVlProcessor.Load(_folder);
        _emb = _processor.Tokenizer.SpecialTokens["<emb>"];
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void It_is_the_sum_of_what_the_embedding_the_end_and_the_conclusion_are_worth()
    {
        // Query 0 has two targets of its own, of which "b" was given with another; "c" is its only negative.
        string[] keys = ["a", "b", "c"];
        float[][] targets =
        [
            [1, 0],
            [0, 1],
            [-1, 0],
        ];
        var batch = new TrainingBatch(
            [Query(Oracle), Query(oracle: null)],
            [.. keys.Select(key => new EncodedTarget(key, [1], []))],
            new InBatchPairs([Keys("a", "b"), Keys("c")], keys)
        );
        var groups = Reward(new() { FormatWeight = 0.1, ConclusionWeight = 0.3 })
            .Rate(
                batch,
                new SampledBatch(
                    [
                        [Written("south red star so red star", [3, 4], ends: true), Written("so blue star", [-1, 0], ends: false)],
                        [Written("so red star", [1, 1], ends: true)],
                    ],
                    targets
                )
            );

        // Cosines 0.6 (a), 0.8 (b) against -0.6 (c).
        Assert.Equal(0.8 + 0.6 + 0.1 + 0.3, groups[0][0].Reward, 1e-6);
        Assert.True(groups[0][0].IsFormatted);
        Assert.True(groups[0][0].IsRight);
        // Cosines -1 and 0 against 1: second, and far behind.
        Assert.Equal(0 - 1, groups[0][1].Reward, 1e-6);
        Assert.Equal(0.5, groups[0][1].Standing.ReciprocalRank);
        Assert.False(groups[0][1].IsFormatted);
        Assert.False(groups[0][1].IsRight);
        // Own: -√½; negatives: √½ twice. No oracle, no conclusion.
        Assert.Equal(-2 * Math.Sqrt(0.5) + 0.1, groups[1][0].Reward, 1e-6);
        Assert.Null(groups[1][0].IsRight);
    }

    [Fact]
    public void Kind_and_temperature_of_the_settings_count()
    {
        var batch = new TrainingBatch(
            [Query(Oracle)],
            [.. ((string[])["a", "b", "c"]).Select(key => new EncodedTarget(key, [1], []))],
            new InBatchPairs([Keys("a")], ["a", "b", "c"])
        );
        SampledBatch sampled = new(
            [
                [Written("so red star", [1, 0], ends: true)],
            ],
            [
                [1, 0],
                [1, 0],
                [-1, 0],
            ]
        );
        Assert.Equal(0.5, RewardOf(new() { FormatWeight = 0, Reward = RewardKind.Rank }), 1e-6);
        Assert.Equal(
            0,
            RewardOf(
                new()
                {
                    FormatWeight = 0,
                    Reward = RewardKind.Margin,
                    NegativeTemperature = 0.001,
                }
            ),
            1e-6
        );
        Assert.Equal(
            1,
            RewardOf(
                new()
                {
                    FormatWeight = 0,
                    Reward = RewardKind.Margin,
                    NegativeTemperature = 100,
                }
            ),
            0.03
        );

        double RewardOf(ReinforceSettings settings) => Reward(settings).Rate(batch, sampled)[0][0].Reward;
    }

    private RationaleReward Reward(ReinforceSettings settings) => new(settings, _processor.Tokenizer, _emb);

    private DecodedSequence Written(string text, float[] hidden, bool ends) =>
        new(
            hidden,
            [.. _processor.Tokenizer.Encode(text), .. ends ? [_emb] : Array.Empty<int>()],
            ends ? FinishReason.Emb : FinishReason.Length,
            default
        );

    private static EncodedQuery Query(string? oracle) =>
        new(
            new TrainingSample
            {
                Dataset = "tiny",
                Source = "row",
                Query = new EmbeddingInput { Text = "text" },
                Rationale = oracle,
            },
            [1],
            [],
            []
        );

    private static HashSet<string> Keys(params IEnumerable<string> keys) => new(keys, StringComparer.Ordinal);
}
