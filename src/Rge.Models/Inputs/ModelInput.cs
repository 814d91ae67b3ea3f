namespace Rge.Models.Inputs;

/// <summary>One prompt for the language model.</summary>
/// <param name="TokenIds">Token ids, image pads expanded: each image contributes as many image tokens as it has merged patches.</param>
/// <param name="Images">The features of each image, in order of appearance. Borrowed: the caller keeps and disposes them.</param>
public sealed record ModelInput(int[] TokenIds, IReadOnlyList<VisionFeatures> Images)
{
    /// <summary>A prompt without images.</summary>
    public ModelInput(int[] tokenIds)
        : this(tokenIds, []) { }

    /// <summary>How the tokens are numbered.</summary>
    public PositionScheme Positions { get; init; }
}
