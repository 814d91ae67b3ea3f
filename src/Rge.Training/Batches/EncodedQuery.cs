using Rge.Data;
using Rge.Imaging;

namespace Rge.Training.Batches;

/// <summary>A query as model input.</summary>
/// <param name="Sample">The sample it is of.</param>
/// <param name="Prompt">Token ids up to the assistant's turn, image pads expanded.</param>
/// <param name="Images">The prompt's images, in order; queries of a batch that show the same image share the instance.</param>
/// <param name="Rationale">Token ids of the oracle rationale and the token that ends it; empty without one.</param>
public sealed record EncodedQuery(TrainingSample Sample, int[] Prompt, IReadOnlyList<PatchedImage> Images, int[] Rationale);
