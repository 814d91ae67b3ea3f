using Microsoft.Extensions.AI;

namespace Rge.Search;

/// <summary>
/// The model and settings that a collection's vectors were made with. Stored with the collection; vectors and queries must match.
/// Immutable.
/// </summary>
public sealed record CollectionIdentity
{
    /// <summary>Name of the model; shown to users, not compared.</summary>
    public required string Model { get; init; }

    /// <summary>Identifies the model; see <see cref="ModelFingerprint"/>.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Values of a vector: the model's hidden size, or fewer where vectors are cut short.</summary>
    public required int Dimensions { get; init; }

    /// <summary>The instruction that the model reads with each item that is indexed.</summary>
    public string? Instruction { get; init; }

    /// <summary>Whether items are reasoned about before they are embedded.</summary>
    public ReasoningMode Reasoning { get; init; } = ReasoningMode.Off;

    /// <summary>The index, for stores with a choice.</summary>
    public CollectionIndex Index { get; init; } = CollectionIndex.Exact;

    /// <summary>The identity of an embedder's vectors.</summary>
    /// <param name="embedder">The embedder.</param>
    /// <param name="dimensions">Values of a vector, at most the hidden size; <see langword="null"/> for the hidden size.</param>
    /// <exception cref="SearchException">The model does not have so many dimensions, or they are fewer than one.</exception>
    public static CollectionIdentity For(ReasoningEmbedder embedder, int? dimensions = null)
    {
        ArgumentNullException.ThrowIfNull(embedder);
        var metadata = embedder.GetRequiredService<EmbeddingGeneratorMetadata>();
        var most = metadata.DefaultModelDimensions!.Value;
        if (dimensions < 1 || dimensions > most)
            throw new SearchException($"{dimensions} dimensions were asked for, expected 1 to {most}.");
        return new CollectionIdentity
        {
            Model = metadata.DefaultModelId ?? "a model",
            Fingerprint = ModelFingerprint.Compute(embedder),
            Dimensions = dimensions ?? most,
        };
    }

    /// <summary>Says in which way another identity does not fit; <see langword="null"/> when it does.</summary>
    internal string? Mismatch(CollectionIdentity other) =>
        Fingerprint != other.Fingerprint
            ? $"was made with the model {Model} (fingerprint {Fingerprint}), but this is {other.Model} (fingerprint {other.Fingerprint})"
        : Dimensions != other.Dimensions ? $"has vectors of {Dimensions} dimensions, but {other.Dimensions} were asked for"
        : Instruction != other.Instruction ? $"was made with {Said(Instruction)}, but {Said(other.Instruction)} was given"
        : Reasoning != other.Reasoning
            ? $"was made with reasoning {Reasoning.ToString().ToLowerInvariant()} for items, but "
                + $"{other.Reasoning.ToString().ToLowerInvariant()} was given"
        : Index != other.Index
            ? $"has the index {Index.ToString().ToLowerInvariant()}, but {other.Index.ToString().ToLowerInvariant()} was asked for"
        : null;

    private static string Said(string? instruction) => instruction is null ? "no instruction" : $"the instruction \"{instruction}\"";
}
