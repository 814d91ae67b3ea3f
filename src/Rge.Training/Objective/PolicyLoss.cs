using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Training.Objective;

/// <summary>The terms of GRPO for each sampled token. All tensors are float32 and, but for the logits, <c>[T]</c>.</summary>
internal static class PolicyLoss
{
    /// <summary>Natural logarithms of the probabilities that tokens are sampled with.</summary>
    /// <param name="logits"><c>[T, vocab]</c>.</param>
    /// <param name="tokens">The sampled tokens, T of them, none of which is banned.</param>
    /// <param name="banned">Tokens that are never sampled.</param>
    /// <param name="temperature">Divides the logits.</param>
    public static Tensor LogProbabilities(Tensor logits, long[] tokens, IReadOnlyCollection<int> banned, double temperature)
    {
        var mask = new bool[logits.shape[1]];
        foreach (var token in banned)
            if ((uint)token < (uint)mask.Length)
                mask[token] = true;
        var possible = logits.to(ScalarType.Float32).Fill(tensor(mask, device: logits.device), double.NegativeInfinity);
        return nn
            .functional.cross_entropy(
                temperature == 1 ? possible : possible.Over(temperature),
                tensor(tokens, device: logits.device),
                reduction: nn.Reduction.None
            )
            .neg();
    }

    /// <summary>
    /// The clipped surrogate of PPO (Schulman et al., 2017), to be made large: min(r A, clip(r, 1 − low, 1 + high) A), with r the ratio of
    /// a token's probability to that which it was sampled with.
    /// </summary>
    /// <param name="logProbabilities">Of the tokens now, with gradient.</param>
    /// <param name="sampled">Of the tokens when they were sampled.</param>
    /// <param name="advantages">A, that of each token's rationale.</param>
    /// <param name="low">How far below 1 the ratio counts.</param>
    /// <param name="high">How far above 1 the ratio counts.</param>
    /// <returns>The surrogate, and which tokens are clipped, so that they have no gradient.</returns>
    public static (Tensor Surrogate, Tensor IsClipped) Surrogate(
        Tensor logProbabilities,
        Tensor sampled,
        Tensor advantages,
        double low,
        double high
    )
    {
        var ratio = (logProbabilities - sampled).exp();
        Tensor least = tensor((float)(1 - low), device: ratio.device),
            most = tensor((float)(1 + high), device: ratio.device);
        var free = ratio * advantages;
        var clipped = ratio.maximum(least).minimum(most) * advantages;
        return (free.minimum(clipped), clipped.lt(free));
    }

    /// <summary>
    /// The divergence from another model, estimated without bias, with low variance and never negative (Schulman, 2020):
    /// e^d − d − 1, with d the other's log-probability of a token less the model's own.
    /// </summary>
    /// <param name="logProbabilities">Of the model's own tokens, with gradient.</param>
    /// <param name="reference">Of the same tokens by the other model.</param>
    public static Tensor Divergence(Tensor logProbabilities, Tensor reference)
    {
        var difference = reference - logProbabilities;
        return difference.expm1() - difference; // e^d − 1 without the rounding of what is close to 1
    }
}
