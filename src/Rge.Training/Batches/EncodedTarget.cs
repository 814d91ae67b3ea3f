using Rge.Imaging;

namespace Rge.Training.Batches;

/// <summary>A target as model input.</summary>
/// <param name="Key">Identifies the target.</param>
/// <param name="Tokens">Token ids, image pads expanded, <c>&lt;emb&gt;</c> at the end.</param>
/// <param name="Images">The prompt's images, in order.</param>
public sealed record EncodedTarget(string Key, int[] Tokens, IReadOnlyList<PatchedImage> Images);
