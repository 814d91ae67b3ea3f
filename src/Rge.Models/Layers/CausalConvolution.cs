using Rge.Models.Kernels;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// A causal convolution of each channel by itself, without bias, and SiLU after it: silu(Σ_j w_j x_{t − taps + 1 + j}), with zeros before
/// the first token of a sequence. In float32.
/// </summary>
/// <param name="weight"><c>[channels, 1, taps]</c>; the last tap is the current token's.</param>
internal sealed class CausalConvolution(Tensor weight)
{
    /// <summary>Convolves packed tokens.</summary>
    /// <param name="x">Float32 <c>[N, channels]</c>.</param>
    /// <param name="windows">What comes before each token.</param>
    /// <param name="carried">
    /// The rows before each run that has no parent, <c>[roots · (taps − 1), channels]</c>, oldest first; borrowed.
    /// </param>
    /// <returns>
    /// A row for each window of the layout: those of the tokens are at <see cref="CausalWindows.Rows"/>, the others mean nothing. And the
    /// rows that <see cref="CausalWindows.Ends"/> counts.
    /// </returns>
    public (Tensor Convolved, Tensor Sources) Forward(Tensor x, CausalWindows windows, Tensor carried)
    {
        using var scope = NewDisposeScope();
        var sources = cat([carried, x], 0);
        var layout = windows.IsInOrder ? sources : GradientKernels.GatherRows(sources, HostTransfers.Upload(windows.Sources, x.device));
        var count = windows.Sources.Length - windows.Taps + 1;
        var taps = Taps();
        var sum = layout.narrow(0, 0, count) * taps[0];
        for (var j = 1; j < windows.Taps; j++)
        {
            using var part = layout.narrow(0, j, count) * taps[j];
            sum.Add_(part);
        }
        return (Activations.Silu(sum).MoveToOuterDisposeScope(), sources.MoveToOuterDisposeScope());
    }

    /// <summary>Convolves windows of one token each, <c>[B, taps, channels]</c> → <c>[B, channels]</c>.</summary>
    public Tensor Step(Tensor windows) => Activations.Silu((windows * Taps()).sum([1]));

    /// <summary>The weight as float32 <c>[taps, channels]</c>.</summary>
    private Tensor Taps() => weight.to(ScalarType.Float32).squeeze(1).t().contiguous();
}
