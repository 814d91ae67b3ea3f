using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Joins each square of neighbouring patches into one vector of the decoder's width.</summary>
/// <param name="norm">Applied to single patches, or to joined ones.</param>
/// <param name="normAfterJoin">True for the deepstack mergers of Qwen3-VL, whose norm sees the joined patches.</param>
/// <param name="area">Patches that are joined: merge size squared.</param>
/// <param name="mlp">Two projections with a GELU between.</param>
internal sealed class PatchMerger(INorm norm, bool normAfterJoin, int area, FeedForward mlp)
{
    /// <summary><c>[P, width]</c> → <c>[P / area, hidden]</c></summary>
    public Tensor Forward(Tensor x)
    {
        var (merged, width) = (x.shape[0] / area, x.shape[1] * area);
        return mlp.Forward(normAfterJoin ? norm.Forward(x.view(merged, width)) : norm.Forward(x).view(merged, width));
    }
}
