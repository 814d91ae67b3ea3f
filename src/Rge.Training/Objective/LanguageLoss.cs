using static TorchSharp.torch;

namespace Rge.Training.Objective;

/// <summary>Next-token prediction: cross entropy of chosen positions, summed, with the number that were right.</summary>
internal static class LanguageLoss
{
    /// <summary>Summed cross entropy, with gradient, and how many labels were the likeliest token.</summary>
    /// <param name="logits"><c>[L, vocab]</c>.</param>
    /// <param name="labels">The token that follows each, L of them.</param>
    /// <returns>Scalars, in the current dispose scope.</returns>
    public static (Tensor Sum, Tensor Correct) Sum(Tensor logits, long[] labels)
    {
        var wide = logits.to(ScalarType.Float32);
        var wanted = tensor(labels, device: logits.device);
        var loss = nn.functional.cross_entropy(wide, wanted, reduction: nn.Reduction.Sum);
        using var gradients = no_grad();
        return (loss, wide.argmax(1).eq(wanted).sum());
    }
}
