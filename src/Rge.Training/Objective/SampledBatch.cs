namespace Rge.Training.Objective;

/// <summary>What the decoder gave for a batch: rationales of each query, and embeddings to compare.</summary>
/// <param name="Rationales">The rationales of each query, with the hidden state that embeds the query after each.</param>
/// <param name="Targets">The hidden state that embeds each target.</param>
internal sealed record SampledBatch(IReadOnlyList<DecodedSequence[]> Rationales, IReadOnlyList<float[]> Targets);
