using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>A pre-norm block of the vision tower.</summary>
internal sealed class VisionBlock(INorm firstNorm, VisionAttention attention, INorm secondNorm, IFeedForward mlp)
{
    public Tensor Forward(Tensor x, RotaryTable rotary, IReadOnlyList<SegmentRun> segments)
    {
        x = x.Plus(attention.Forward(firstNorm.Forward(x), rotary, segments));
        return x.Plus(mlp.Forward(secondNorm.Forward(x)));
    }
}
