using Rge.Data;
using Rge.Models;
using Rge.Tests.Shared;
using Rge.Training.Batches;
using Rge.Training.Objective;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Training.Tests.Reinforce;

/// <summary>What the decoder samples and embeds is what the pass that is trained computes.</summary>
public sealed class RationaleSamplerTests : IDisposable
{
    private const int Rationales = 4;
    private static readonly GenerationOptions Sampling = new()
    {
        MaxRationaleTokens = 5,
        Temperature = 1.3,
        BannedTokens = [88, 89, 90, 91],
        Seed = 7,
    };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly QwenVlModel _model = TinyModel.Create(ModelFamily.Qwen25Vl);

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public async Task Log_probabilities_and_embeddings_are_those_of_a_pass_over_the_whole_sequence()
    {
        var batch = Batch();
        var sampled = await Sampler().SampleAsync(batch, step: 3, TestContext.Current.CancellationToken);
        Assert.Equal(3, sampled.Rationales.Count);
        foreach (var (query, group) in batch.Queries.Zip(sampled.Rationales))
        {
            Assert.Equal(Rationales, group.Length);
            foreach (var written in group)
            {
                int[] sequence = [.. query.Prompt, .. written.RationaleIds];
                var expected = LogProbabilities(sequence, query, written.RationaleIds);
                Assert.Equal(expected, written.LogProbabilities, (a, b) => Math.Abs(a - b) < 1e-3);
                if (written.FinishReason == FinishReason.Length)
                    sequence = [.. sequence, TinyModel.EmbToken];
                AssertEmbedding(new TrainedSequence(sequence, query.Images), written.HiddenState);
            }
        }
        foreach (var (target, hidden) in batch.Targets.Zip(sampled.Targets))
            AssertEmbedding(new TrainedSequence(target.Tokens, target.Images), hidden);
    }

    [Fact]
    public async Task Seed_step_and_place_decide_what_is_sampled()
    {
        var first = await Tokens(Sampler(), 3);
        Assert.Equal(first, await Tokens(Sampler(), 3));
        Assert.NotEqual(first, await Tokens(Sampler(), 4));
        Assert.NotEqual(first, await Tokens(new RationaleSampler(_model, TinyModel.EmbToken, Sampling with { Seed = 8 }, Rationales), 3));
        // The rationales of a query differ, and so do those of a query that comes twice.
        Assert.Equal(3 * Rationales, first.Select(tokens => string.Join(' ', tokens)).Distinct(StringComparer.Ordinal).Count());

        async Task<int[][]> Tokens(RationaleSampler sampler, long step)
        {
            var sampled = await sampler.SampleAsync(Batch(), step, TestContext.Current.CancellationToken);
            return [.. sampled.Rationales.SelectMany(group => group).Select(written => written.RationaleIds)];
        }
    }

    private RationaleSampler Sampler() => new(_model, TinyModel.EmbToken, Sampling, Rationales);

    private float[] LogProbabilities(int[] sequence, EncodedQuery query, int[] rationale)
    {
        using var gradients = no_grad();
        using var pass = new SequencePass(_model, [new(sequence, query.Images) { Predicted = rationale.Length }], false);
        return
        [
            .. PolicyLoss
                .LogProbabilities(
                    pass.PredictedLogits(),
                    [.. rationale.Select(token => (long)token)],
                    Sampling.BannedTokens,
                    Sampling.Temperature
                )
                .data<float>(),
        ];
    }

    private void AssertEmbedding(TrainedSequence sequence, float[] found)
    {
        using var gradients = no_grad();
        using var pass = new SequencePass(_model, [sequence with { EmbeddingRow = 0 }], activationCheckpointing: false);
        Assert.Equal(pass.Embeddings().data<float>().ToArray(), found, (a, b) => Math.Abs(a - b) < 1e-3);
    }

    /// <summary>Three queries, of which two are the same and show an image.</summary>
    private TrainingBatch Batch()
    {
        var image = TinyModel.Image(_model.Config, 4, 4);
        int[] shown = [1, 88, .. Enumerable.Repeat(TinyModel.ImageToken, 4), 89, 2];
        IReadOnlySet<string> right = new HashSet<string>(StringComparer.Ordinal) { "a" };
        return new TrainingBatch(
            [new(Sample, shown, [image], []), new(Sample, [3, 4, 5], [], []), new(Sample, shown, [image], [])],
            [new("a", [31, TinyModel.EmbToken], []), new("b", [.. shown, TinyModel.EmbToken], [image])],
            new InBatchPairs([right, right, right], ["a", "b"])
        );
    }

    private static TrainingSample Sample { get; } =
        new()
        {
            Dataset = "tiny",
            Source = "row",
            Query = new EmbeddingInput { Text = "text" },
        };
}
