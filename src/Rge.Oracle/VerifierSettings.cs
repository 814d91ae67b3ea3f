namespace Rge.Oracle;

/// <summary>How rationales are put to the test of a model. Immutable.</summary>
public sealed record VerifierSettings
{
    /// <summary>Checkpoint folder of the model.</summary>
    public required string Model { get; init; }

    /// <summary>
    /// Number type and device, and how much is done at once. Where it names no preset, that is <see cref="ModelPreset.Rge"/>: no other is
    /// recognised in the folder.
    /// </summary>
    public ReasoningEmbedderOptions Embedder { get; init; } = new();

    /// <summary>
    /// Targets of a dataset that every right target of it is ranked among, beside a row's own hard negatives; at least 1.
    /// </summary>
    public int Candidates { get; init; } = 64;

    /// <summary>Seed by which they are drawn.</summary>
    public ulong Seed { get; init; }

    /// <summary>How the checkpoint is called.</summary>
    private ModelPreset Preset =>
        Embedder.Pooling == EmbeddingPooling.LastToken ? ModelPreset.LastToken : Embedder.Preset ?? ModelPreset.Rge;

    /// <summary>The same, with the preset named that the model is called by where none is.</summary>
    internal VerifierSettings WithPreset() =>
        Embedder.Pooling == EmbeddingPooling.LastToken ? this : this with { Embedder = Embedder with { Preset = Preset } };

    /// <summary>Refuses a model that takes no rationale, as every rationale would then count as of no help.</summary>
    /// <param name="tokens">The special tokens of its tokenizer.</param>
    /// <exception cref="OracleException">It takes none.</exception>
    internal void RequireRationales(IReadOnlyDictionary<string, int> tokens)
    {
        var (pooling, own) = (Preset.Pooling, ModelPreset.Rge.Pooling.Token);
        if (!pooling.EndsRationale)
            throw new OracleException(
                $"{Model} is to verify rationales with the preset {Preset.Name}, which has no place for one: expected a checkpoint with "
                    + $"the token {own}."
            );
        if (pooling.Token is { } token && !tokens.ContainsKey(token))
            throw new OracleException(
                $"{Model} has no token {token}, so it was not trained to read rationales and cannot verify them: expected a checkpoint "
                    + "that was."
            );
    }
}
