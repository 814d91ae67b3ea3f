using Rge.Imaging;

namespace Rge.Training.Objective;

/// <summary>A sequence of a step, and the outputs required from it.</summary>
/// <param name="Tokens">Token ids, image pads expanded.</param>
/// <param name="Images">Its images, in order.</param>
public sealed record TrainedSequence(int[] Tokens, IReadOnlyList<PatchedImage> Images)
{
    /// <summary>Number of last tokens that are to be predicted; 0 for none.</summary>
    public int Predicted { get; init; }

    /// <summary>
    /// The query whose gate this sequence shows: its last token, <c>&lt;emb&gt;</c>, stands where a rationale could begin; null for none.
    /// </summary>
    public int? GateOf { get; init; }

    /// <summary>Row of the embedding taken at the last token among those of the step; null for none.</summary>
    public int? EmbeddingRow { get; init; }
}
