using CsCheck;
using Rge.Decoding;

namespace Rge.Tests.Decoding;

public sealed class TokenSamplerTests
{
    private static readonly Gen<float[]> Logits = Gen.Float[-8, 8].Array[2, 40];

    [Fact]
    public void Greedy_takes_the_largest_logit_and_of_equals_the_first() =>
        Assert.Equal(1, new TokenSampler(new GenerationOptions(), []).Next([0, 3, 3, -1, 3]));

    [Theory]
    [InlineData(1e-6, 0)]
    [InlineData(1.5, 1)]
    public void Temperatures_near_zero_and_top_1_are_greedy(double temperature, int topK) =>
        Logits.Sample(logits =>
        {
            var expected = Array.IndexOf(logits, logits.Max());
            return new TokenSampler(new GenerationOptions { Temperature = temperature, TopK = topK }, []).Next([.. logits]) == expected;
        });

    [Fact]
    public void Repetition_penalty_weakens_each_token_of_prompt_and_rationale_once()
    {
        // Penalized by 2: 8 → 4 and -1 → -2 (prompt), then 7 → 3.5 as soon as it is written.
        var sampler = new TokenSampler(new GenerationOptions { RepetitionPenalty = 2 }, [0, 0, 1]);
        float[] logits = [8, -1, 7, 3.75f];
        float[] first = [.. logits];
        Assert.Equal(2, sampler.Next(first));
        Assert.Equal([4, -2, 7, 3.75f], first);
        Assert.Equal(0, sampler.Next([.. logits]));
    }

    [Fact]
    public void Samples_stay_within_the_likeliest_tokens_of_the_wanted_mass() =>
        Gen.Select(Logits, Gen.Double[0.01, 0.999], Gen.Int[0, 10], Gen.Double[0.1, 3], Gen.Long)
            .Sample(
                (logits, topP, topK, temperature, seed) =>
                {
                    var allowed = Nucleus(logits, topP, topK, temperature);
                    var sampler = new TokenSampler(
                        new GenerationOptions
                        {
                            TopP = topP,
                            TopK = topK,
                            Temperature = temperature,
                            Seed = seed,
                        },
                        []
                    );
                    for (var i = 0; i < 20; i++)
                    {
                        var token = sampler.Next([.. logits]);
                        Assert.True(allowed.Contains(token), $"{token} is outside {string.Join(' ', allowed)}");
                    }
                }
            );

    [Fact]
    public void Frequencies_follow_the_probabilities()
    {
        float[] logits = [0, 1, 2, -1];
        var sampler = new TokenSampler(new GenerationOptions { Temperature = 0.8, Seed = 5 }, []);
        var counts = new int[logits.Length];
        for (var i = 0; i < 20_000; i++)
            counts[sampler.Next([.. logits])]++;
        var weights = logits.Select(logit => Math.Exp(logit / 0.8)).ToArray();
        for (var i = 0; i < logits.Length; i++)
            Assert.Equal(weights[i] / weights.Sum(), counts[i] / 20_000.0, tolerance: 0.015);
    }

    [Fact]
    public void The_log_probability_is_that_among_the_tokens_that_may_be_chosen()
    {
        float[] logits = [0, 1, 2, -1, 5, 3];
        // Without 5, which is banned, top-k keeps three: 3, 2 and 1.
        GenerationOptions options = new()
        {
            Temperature = 0.8,
            TopK = 3,
            BannedTokens = [4],
            Seed = 3,
        };
        var sampler = new TokenSampler(options, []);
        var total = Math.Exp(3 / 0.8) + Math.Exp(2 / 0.8) + Math.Exp(1 / 0.8);
        for (var i = 0; i < 20; i++)
        {
            var token = sampler.Next([.. logits]);
            Assert.Equal(Math.Log(Math.Exp(logits[token] / 0.8) / total), sampler.LogProbability, tolerance: 1e-5);
        }
    }

    [Fact]
    public void The_same_seed_and_prompt_give_the_same_tokens_and_other_ones_others()
    {
        Assert.Equal(Draw(1, [4, 5]), Draw(1, [4, 5]));
        Assert.NotEqual(Draw(1, [4, 5]), Draw(2, [4, 5]));
        Assert.NotEqual(Draw(1, [4, 5]), Draw(1, [5, 4]));

        static int[] Draw(long seed, int[] prompt)
        {
            var sampler = new TokenSampler(new GenerationOptions { Temperature = 1, Seed = seed }, prompt);
            return [.. Enumerable.Range(0, 32).Select(_ => sampler.Next(new float[16]))];
        }
    }

    [Fact]
    public void Banned_tokens_are_never_chosen() =>
        Assert.Equal(0, new TokenSampler(new GenerationOptions { BannedTokens = [1, 2, 99] }, []).Next([-5, 3, 2]));

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Logits_that_are_not_numbers_are_refused(float value)
    {
        var error = Assert.Throws<EmbeddingException>(() => new TokenSampler(new GenerationOptions(), []).Next([0, value, 1]));
        Assert.Contains("token 1", error.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// By definition: fewer than k tokens are likelier, and those have less than the wanted mass. Near ties may go either way.
    /// </summary>
    private static HashSet<int> Nucleus(float[] logits, double topP, int topK, double temperature)
    {
        var weights = logits.Select(logit => Math.Exp((logit - logits.Max()) / temperature)).ToArray();
        var k = topK == 0 ? logits.Length : topK;
        var total = weights.OrderDescending().Take(k).Sum();
        return [.. Enumerable.Range(0, logits.Length).Where(IsIn)];

        bool IsIn(int token)
        {
            var likelier = weights.Where(weight => weight > weights[token] * (1 + 1e-5)).ToArray();
            return likelier.Length < k && likelier.Sum() < (topP + 1e-5) * total;
        }
    }
}
