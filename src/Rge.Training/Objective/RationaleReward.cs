using Rge.Data;
using Rge.Text;
using Rge.Training.Batches;
using Rge.Training.Settings;

namespace Rge.Training.Objective;

/// <summary>
/// Rewards rationales: for the embedding of the query after them, for ending by themselves, and for a right conclusion. Immutable.
/// </summary>
/// <param name="settings">The weights.</param>
/// <param name="tokenizer">Turns tokens into text.</param>
/// <param name="embToken">Id of <c>&lt;emb&gt;</c>.</param>
internal sealed class RationaleReward(ReinforceSettings settings, QwenTokenizer tokenizer, int embToken)
{
    /// <summary>Rewards all rationales of a batch, a list a query.</summary>
    /// <param name="batch">Queries, targets, and which of these are right for which query.</param>
    /// <param name="sampled">The rationales, and the embeddings to compare.</param>
    public IReadOnlyList<RatedRationale[]> Rate(TrainingBatch batch, SampledBatch sampled) =>
        [
            .. sampled.Rationales.Select(
                (group, query) =>
                    group
                        .Select(written => Rate(batch.Queries[query], written, Standing(written, query, batch.Pairs!, sampled.Targets)))
                        .ToArray()
            ),
        ];

    private RatedRationale Rate(EncodedQuery query, DecodedSequence written, EmbeddingStanding standing)
    {
        var text = tokenizer.Decode([.. written.RationaleIds.Where(token => token != embToken)]);
        var (isFormatted, isRight) = (written.FinishReason == FinishReason.Emb, Rationales.ConcludesRightly(text, query.Sample.Rationale));
        var reward =
            standing.Reward(settings.Reward)
            + (isFormatted ? settings.FormatWeight : 0)
            + (isRight == true ? settings.ConclusionWeight : 0);
        return new RatedRationale(written, standing, isFormatted, isRight, reward);
    }

    private EmbeddingStanding Standing(DecodedSequence written, int query, InBatchPairs pairs, IReadOnlyList<float[]> targets)
    {
        List<double> own = [],
            negatives = [];
        for (var target = 0; target < targets.Count; target++)
            (pairs.IsNegative[query * pairs.Targets + target] ? negatives : own).Add(
                Similarity.Cosine(written.HiddenState, targets[target])
            );
        return EmbeddingStanding.Of([.. own], [.. negatives], settings.NegativeTemperature);
    }
}
