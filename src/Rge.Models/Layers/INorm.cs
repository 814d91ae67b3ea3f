using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>A normalisation over the last dimension.</summary>
internal interface INorm
{
    /// <summary>Normalises; the shape is kept.</summary>
    Tensor Forward(Tensor x);
}
