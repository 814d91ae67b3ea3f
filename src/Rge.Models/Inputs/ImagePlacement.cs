using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Inputs;

/// <summary>Image features of a packed batch and the tokens they take the place of.</summary>
/// <param name="Rows">Indices of the image tokens among the packed tokens, int64 <c>[M]</c>.</param>
/// <param name="Features">Merged patch features <c>[M, hidden]</c>.</param>
/// <param name="Deepstack">Features added after the first decoder layers, each <c>[M, hidden]</c>.</param>
internal sealed record ImagePlacement(Tensor Rows, Tensor Features, IReadOnlyList<Tensor> Deepstack)
{
    /// <summary>Joins the features of images, in the order of their rows; null without images.</summary>
    public static ImagePlacement? Create(IReadOnlyList<VisionFeatures> images, long[] rows, Device device)
    {
        if (images.Count == 0)
            return null;
        return new ImagePlacement(
            HostTransfers.Upload(rows, device),
            cat([.. images.Select(image => image.Merged)], 0),
            [.. Enumerable.Range(0, images[0].Deepstack.Count).Select(d => cat([.. images.Select(image => image.Deepstack[d])], 0))]
        );
    }
}
