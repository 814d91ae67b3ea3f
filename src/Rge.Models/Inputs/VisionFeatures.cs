using Rge.Imaging;
using static TorchSharp.torch;

namespace Rge.Models.Inputs;

/// <summary>What the vision tower makes of one image. Owns its tensors; dispose it when no prompt needs the image any more.</summary>
public sealed class VisionFeatures : IDisposable
{
    /// <summary>Takes ownership of the given tensors.</summary>
    /// <param name="grid">The image's patch grid.</param>
    /// <param name="merged">Merged patch features <c>[M, hidden]</c>.</param>
    /// <param name="deepstack">Qwen3-VL: features added after the first decoder layers, each <c>[M, hidden]</c>; empty otherwise.</param>
    public VisionFeatures(ImageGrid grid, Tensor merged, IReadOnlyList<Tensor> deepstack)
    {
        Grid = grid;
        Merged = merged;
        Deepstack = deepstack;
    }

    /// <summary>The image's patch grid.</summary>
    public ImageGrid Grid { get; }

    /// <summary>Merged patch features <c>[M, hidden]</c>, one row for each image token.</summary>
    public Tensor Merged { get; }

    /// <summary>Features for the first decoder layers of Qwen3-VL, each <c>[M, hidden]</c>; empty for the other families.</summary>
    public IReadOnlyList<Tensor> Deepstack { get; }

    /// <summary>Takes the tensors out of the dispose scope of the step that made them.</summary>
    internal void DetachFromDisposeScope()
    {
        Merged.DetachFromDisposeScope();
        foreach (var tensor in Deepstack)
            tensor.DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Merged.Dispose();
        foreach (var tensor in Deepstack)
            tensor.Dispose();
    }
}
