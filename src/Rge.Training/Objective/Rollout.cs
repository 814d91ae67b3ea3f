using Rge.Training.Batches;

namespace Rge.Training.Objective;

/// <summary>A sampled rationale and how good it was.</summary>
/// <param name="Query">The query it was sampled for.</param>
/// <param name="Tokens">Its tokens, with <c>&lt;emb&gt;</c> where the model wrote it; at least one.</param>
/// <param name="LogProbabilities">Natural logarithms of the probabilities that they were sampled with.</param>
/// <param name="Advantage">How much better it is than the others of its group.</param>
internal sealed record Rollout(EncodedQuery Query, int[] Tokens, float[] LogProbabilities, double Advantage);
