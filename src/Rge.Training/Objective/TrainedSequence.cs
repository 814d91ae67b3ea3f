using Rge.Imaging;

namespace Rge.Training.Objective;

/// <summary>A place where a model chooses between embedding and writing.</summary>
/// <param name="Query">Number of the query that it is of.</param>
/// <param name="Position">The token of the sequence after which it chooses: the last one of the prompt.</param>
/// <param name="EmbToken">The token that it embeds with.</param>
public readonly record struct Gate(int Query, int Position, int EmbToken);

/// <summary>A sequence of a step, and the outputs required from it.</summary>
/// <param name="Tokens">Token ids, image pads expanded.</param>
/// <param name="Images">Its images, in order.</param>
public sealed record TrainedSequence(int[] Tokens, IReadOnlyList<PatchedImage> Images)
{
    /// <summary>Number of last tokens that are to be predicted; 0 for none.</summary>
    public int Predicted { get; init; }

    /// <summary>The gate that this sequence shows; null for none.</summary>
    public Gate? Gate { get; init; }

    /// <summary>Row of the embedding taken at the last token among those of the step; null for none.</summary>
    public int? EmbeddingRow { get; init; }
}
