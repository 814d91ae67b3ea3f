using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>Image features of a packed batch and the tokens they take the place of.</summary>
/// <param name="Rows">Indices of the image tokens among the packed tokens, int64 <c>[M]</c>.</param>
/// <param name="Features">Merged patch features <c>[M, hidden]</c>.</param>
/// <param name="Deepstack">Features added after the first decoder layers, each <c>[M, hidden]</c>.</param>
internal sealed record ImagePlacement(Tensor Rows, Tensor Features, IReadOnlyList<Tensor> Deepstack);
