namespace Rge.Presets;

/// <summary>The two tokens between which a reranker decides: a score is the probability of the first against the second.</summary>
/// <param name="Yes">The token for a document that answers the query, in the spelling of vocab.json.</param>
/// <param name="No">The token for one that does not.</param>
public sealed record PresetScore(string Yes, string No);
