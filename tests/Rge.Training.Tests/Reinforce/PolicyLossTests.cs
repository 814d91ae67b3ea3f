using CsCheck;
using Rge.Training.Objective;
using static TorchSharp.torch;

namespace Rge.Training.Tests.Reinforce;

/// <summary>The terms of a token against loops over doubles.</summary>
public sealed class PolicyLossTests
{
    private const int Vocabulary = 7;
    private static readonly int[] Banned = [2, 5, 99];
    private static readonly long[] Tokens = [0, 6, 3, 4];

    [Theory, InlineData(1), InlineData(0.7), InlineData(1.6)]
    public void Log_probabilities_are_those_that_tokens_are_sampled_with(double temperature)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(3);
        var expected = LogProbabilities(Values(logits), temperature);
        var found = PolicyLoss.LogProbabilities(logits, Tokens, Banned, temperature).data<float>().ToArray();
        for (var i = 0; i < Tokens.Length; i++)
            Assert.Equal(expected[i], found[i], 1e-5);
    }

    [Fact]
    public void Surrogate_and_clipping_are_those_of_their_definition() =>
        Gen.Select(Gen.Float[-1, 1], Gen.Float[-2, 2])
            .Array[5]
            .Sample(tokens =>
            {
                using var scope = NewDisposeScope();
                var (differences, advantages) = (tokens.Select(t => t.Item1).ToArray(), tokens.Select(t => t.Item2).ToArray());
                var (surrogate, isClipped) = PolicyLoss.Surrogate(tensor(differences), zeros(5), tensor(advantages), 0.2, 0.28);
                var (values, flags) = (surrogate.data<float>().ToArray(), isClipped.data<bool>().ToArray());
                for (var i = 0; i < 5; i++)
                {
                    var (expected, clipped) = Surrogate(differences[i], advantages[i], 0.2, 0.28);
                    Assert.Equal(expected, values[i], 1e-4);
                    Assert.Equal(clipped, flags[i]);
                }
            });

    [Fact]
    public void A_ratio_of_one_has_the_gradient_of_the_advantage_and_a_clipped_one_none()
    {
        using var scope = NewDisposeScope();
        // In turn: unchanged; grown though good, grown though bad; shrunk though good, shrunk though bad.
        var now = tensor([0f, 0.5f, 0.5f, -0.5f, -0.5f]).requires_grad_(true);
        var (surrogate, _) = PolicyLoss.Surrogate(now, zeros(5), tensor([2f, 1, -1, 1, -1]), 0.2, 0.28);
        surrogate.sum().backward();
        float[] expected = [2, 0, -MathF.Exp(0.5f), MathF.Exp(-0.5f), 0];
        Assert.Equal(expected, now.grad!.data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Divergence_is_never_negative_and_that_of_its_definition() =>
        Gen.Select(Gen.Float[-3, 0], Gen.Float[-3, 0])
            .Sample(
                (own, reference) =>
                {
                    using var scope = NewDisposeScope();
                    var found = PolicyLoss.Divergence(tensor([own]), tensor([reference])).data<float>()[0];
                    double difference = reference - own;
                    Assert.Equal(Math.Exp(difference) - difference - 1, found, 1e-4);
                    Assert.True(found >= -1e-6);
                }
            );

    [Theory, InlineData(1), InlineData(0.7)]
    public void The_gradient_of_the_logits_is_the_slope_of_the_plain_computation(double temperature)
    {
        using var scope = NewDisposeScope();
        double[] before = [-1.1, -2.5, -1.9, -1.0],
            reference = [-1.3, -1.2, -2.2, -0.9],
            advantages = [1.5, -0.5, 0.3, -1];
        const double Kl = 0.3;
        var logits = Logits(8).requires_grad_(true);
        var now = PolicyLoss.LogProbabilities(logits, Tokens, Banned, temperature);
        var (surrogate, _) = PolicyLoss.Surrogate(now, Floats(before), Floats(advantages), 0.2, 0.28);
        (PolicyLoss.Divergence(now, Floats(reference)) * tensor((float)Kl) - surrogate).sum().backward();
        var (values, found) = (Values(logits), logits.grad!.data<float>().ToArray());
        for (var i = 0; i < values.Length; i++)
        {
            const double Step = 1e-6;
            double[] more = [.. values],
                less = [.. values];
            (more[i], less[i]) = (more[i] + Step, less[i] - Step);
            Assert.Equal((Loss(more) - Loss(less)) / (2 * Step), found[i], 1e-3);
        }

        double Loss(double[] logits) =>
            LogProbabilities(logits, temperature)
                .Select(
                    (now, i) =>
                        Kl * (Math.Exp(reference[i] - now) - (reference[i] - now) - 1)
                        - Surrogate(now - before[i], advantages[i], 0.2, 0.28).Value
                )
                .Sum();

        static Tensor Floats(double[] values) => tensor([.. values.Select(value => (float)value)]);
    }

    private static (double Value, bool IsClipped) Surrogate(double difference, double advantage, double low, double high)
    {
        var ratio = Math.Exp(difference);
        var isClipped = advantage > 0 ? ratio > 1 + high : advantage < 0 && ratio < 1 - low;
        return ((isClipped ? (advantage > 0 ? 1 + high : 1 - low) : ratio) * advantage, isClipped);
    }

    private static double[] LogProbabilities(double[] logits, double temperature)
    {
        var found = new double[Tokens.Length];
        for (var row = 0; row < Tokens.Length; row++)
        {
            var total = 0.0;
            for (var token = 0; token < Vocabulary; token++)
                if (!Banned.Contains(token))
                    total += Math.Exp(logits[row * Vocabulary + token] / temperature);
            found[row] = logits[row * Vocabulary + Tokens[row]] / temperature - Math.Log(total);
        }
        return found;
    }

    private static Tensor Logits(ulong seed)
    {
        using var generator = new Generator(seed);
        return randn([Tokens.Length, Vocabulary], generator: generator);
    }

    private static double[] Values(Tensor tensor) => [.. tensor.data<float>().ToArray().Select(value => (double)value)];
}
