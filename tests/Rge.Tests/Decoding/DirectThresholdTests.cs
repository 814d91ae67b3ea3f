using Rge.Decoding;

namespace Rge.Tests.Decoding;

/// <summary>Whether a rationale is begun, decided by the probability of the pooled token as the first one.</summary>
public sealed class DirectThresholdTests
{
    private const int Emb = ScriptedModel.Emb;

    // A script's token has logit 1, the nine others 0.
    private static readonly double Likely = Math.E / (Math.E + 9),
        Unlikely = 1 / (Math.E + 9);

    private static readonly GenerationOptions Greedy = new() { MaxRationaleTokens = 4 };

    private readonly ScriptedModel _model = new();

    [Theory, InlineData(false), InlineData(true)]
    public void The_pooled_token_comes_first_from_the_threshold_on(bool choosesOnDevice)
    {
        var results = Run(choosesOnDevice, Unlikely - 1e-3, Unlikely + 1e-3, [5, 6, Emb]);
        Assert.Equal([Emb], results[0].RationaleIds);
        Assert.Equal(FinishReason.Emb, results[0].FinishReason);
        Assert.Equal([1, 3 + 1], results[0].HiddenState);
        Assert.Equal([5, 6, Emb], results[1].RationaleIds);
        Assert.All(results, result => Assert.Equal(Unlikely, result.DirectProbability!.Value, 1e-6));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Below_it_the_likeliest_other_token_comes_first(bool choosesOnDevice)
    {
        var results = Run(choosesOnDevice, Likely - 1e-3, double.PositiveInfinity, [Emb, 7, Emb]);
        Assert.Equal([Emb], results[0].RationaleIds);
        Assert.Equal([0, 7, Emb], results[1].RationaleIds);
        Assert.All(results, result => Assert.Equal(Likely, result.DirectProbability!.Value, 1e-6));
    }

    [Fact]
    public void Without_one_the_first_token_is_chosen_like_the_others_and_nothing_is_measured()
    {
        var result = Run(false, null, null, [Emb, 7])[0];
        Assert.Equal([Emb], result.RationaleIds);
        Assert.Null(result.DirectProbability);
    }

    [Fact]
    public void Only_the_first_token_is_decided_on()
    {
        // Infinity never lets the pooled token come first, but it ends the rationale afterwards.
        var result = Run(false, double.PositiveInfinity, null, [5, Emb])[0];
        Assert.Equal([5, Emb], result.RationaleIds);
        Assert.Equal(FinishReason.Emb, result.FinishReason);
    }

    [Fact]
    public void Sampling_is_decided_by_the_threshold_alone()
    {
        var sampled = Greedy with { Temperature = 5 };
        for (var seed = 0; seed < 20; seed++)
        {
            var never = _model.Request(1, 3, sampled with { Seed = seed }, 5, Emb) with { DirectThreshold = double.PositiveInfinity };
            var always = _model.Request(2, 3, sampled with { Seed = seed }, 5, Emb) with { DirectThreshold = 0 };
            var results = Run(false, never, always);
            Assert.NotEqual(Emb, results[0].RationaleIds[0]);
            Assert.Equal([Emb], results[1].RationaleIds);
        }
    }

    private DecodedSequence[] Run(bool choosesOnDevice, double? first, double? second, int[] script) =>
        Run(
            choosesOnDevice,
            _model.Request(1, 3, Greedy, script) with
            {
                DirectThreshold = first,
            },
            _model.Request(2, 5, Greedy, script) with
            {
                DirectThreshold = second,
            }
        );

    private DecodedSequence[] Run(bool choosesOnDevice, params DecodeRequest[] requests)
    {
        var scheduler = new DecodeScheduler(_model, Emb, new DecodingEngineOptions { ChoosesOnDevice = choosesOnDevice });
        var sequences = requests.Select(request => new PendingSequence(request, [], CancellationToken.None)).ToArray();
        foreach (var sequence in sequences)
            scheduler.Enqueue(sequence);
        for (var slice = 0; !scheduler.IsIdle; slice++)
        {
            Assert.True(slice < 1000, "The scheduler does not come to an end.");
            scheduler.Advance();
        }
        return
        [
            .. sequences.Select(sequence =>
                sequence.Completion.IsCompletedSuccessfully
                    ? sequence.Completion.Result
                    : throw new InvalidOperationException("The request has no result.")
            ),
        ];
    }
}
