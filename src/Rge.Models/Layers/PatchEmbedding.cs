using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// The projection of patches: a convolution whose stride is its kernel, which is a linear map of flattened patches, and several times
/// faster as one.
/// </summary>
/// <param name="weight">
/// <c>[width, channels, frames, side, side]</c>; null while a layout is recorded, see <see cref="LayerFactory"/>. Borrowed.
/// </param>
/// <param name="bias"><c>[width]</c>, or null.</param>
/// <param name="width">Width that comes out.</param>
internal sealed class PatchEmbedding(Tensor weight, Tensor? bias, int width)
{
    /// <summary>Where the projection lies.</summary>
    public Device Device => weight.device;

    /// <summary>
    /// Flattened patches <c>[P, length]</c>, float32 on the CPU → <c>[P, width]</c>, in the number type and on the device of the weight.
    /// </summary>
    public Tensor Forward(Tensor patches) =>
        nn.functional.linear(HostTransfers.Upload(patches.to(weight.dtype), weight.device), weight.view(width, -1), bias);
}
