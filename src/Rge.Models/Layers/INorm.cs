using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>A normalization over the last dimension.</summary>
internal interface INorm
{
    /// <summary>Normalizes; the shape is kept, and the result has the number type of the norm's weight.</summary>
    Tensor Forward(Tensor x);
}
