using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>The position-wise part of a block.</summary>
internal interface IFeedForward
{
    /// <summary>Maps <c>[N, width]</c> to <c>[N, width]</c>.</summary>
    Tensor Forward(Tensor x);
}
