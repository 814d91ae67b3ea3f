using Rge.Imaging;
using Rge.Models.Layers;
using static TorchSharp.torch;

namespace Rge.Models.Families;

/// <summary>Learned embeddings of the places of patches.</summary>
internal interface IPatchPositions
{
    /// <summary>Position embeddings of an image's patches, <c>[P, width]</c>, in the order of <paramref name="order"/>.</summary>
    Tensor Forward(ImageGrid grid, PatchOrder order);
}
