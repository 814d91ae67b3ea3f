namespace Rge.Oracle;

/// <summary>How rationales are put to the test of a model. Immutable.</summary>
public sealed record VerifierSettings
{
    /// <summary>Checkpoint folder of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Number type and device, and how much is done at once.</summary>
    public ReasoningEmbedderOptions Embedder { get; init; } = new();

    /// <summary>
    /// Targets of a dataset that every right target of it is ranked among, beside a row's own hard negatives; at least 1.
    /// </summary>
    public int Candidates { get; init; } = 64;

    /// <summary>Seed by which they are drawn.</summary>
    public ulong Seed { get; init; }
}
