using Rge.Files;
using Rge.Models;
using Rge.Training.Batches;

namespace Rge.Training.Objective;

/// <summary>
/// Samples rationales of a batch from the model in training, without gradient, and embeds queries after them and targets, all in one pass
/// through the decoder. Borrows the model.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="embToken">Id of <c>&lt;emb&gt;</c>.</param>
/// <param name="generation">How rationales are sampled; the seed is that of the run.</param>
/// <param name="rationales">Rationales of a query.</param>
/// <param name="endOfTurn">As <see cref="DecodeRequest.EndOfTurn"/>; null for none.</param>
internal sealed class RationaleSampler(
    QwenVlModel model,
    int embToken,
    GenerationOptions generation,
    int rationales,
    IReadOnlyCollection<int>? endOfTurn = null
)
{
    /// <summary>Samples the rationales of a batch.</summary>
    /// <param name="batch">Queries and targets.</param>
    /// <param name="step">
    /// Steps of the run before it: with the seed of the run and the place of a query in the batch it decides what is sampled.
    /// </param>
    /// <param name="cancellationToken">Stops the decoder between two tokens.</param>
    public async Task<SampledBatch> SampleAsync(TrainingBatch batch, long step, CancellationToken cancellationToken)
    {
        var targets = batch.Targets.Select(target => new DecodeRequest(target.Tokens, target.Images));
        var (rationales, embedded) = await DecodeAsync(batch.Queries, step, targets, cancellationToken);
        return new SampledBatch(rationales, [.. embedded.Select(target => target.HiddenState)]);
    }

    /// <summary>Samples the rationales of queries, without <c>&lt;emb&gt;</c>.</summary>
    /// <param name="queries">The queries.</param>
    /// <param name="step">As of <see cref="SampleAsync"/>.</param>
    /// <param name="cancellationToken">Stops the decoder between two tokens.</param>
    public async Task<int[][][]> WriteAsync(IReadOnlyList<EncodedQuery> queries, long step, CancellationToken cancellationToken)
    {
        var (rationales, _) = await DecodeAsync(queries, step, [], cancellationToken);
        return
        [
            .. rationales.Select(group =>
                Array.ConvertAll(group, written => Array.FindAll(written.RationaleIds, token => token != embToken))
            ),
        ];
    }

    private async Task<(DecodedSequence[][] Rationales, DecodedSequence[] Others)> DecodeAsync(
        IReadOnlyList<EncodedQuery> queries,
        long step,
        IEnumerable<DecodeRequest> others,
        CancellationToken cancellationToken
    )
    {
        DecodeRequest[] requests =
        [
            // All queries, then all again: by the time that a prompt comes back, its state has been kept.
            .. Enumerable.Range(0, rationales * queries.Count).Select(i => Request(queries[i % queries.Count], step, i)),
            .. others,
        ];
        // States of prompts hold for this model alone, which the optimizer is about to change: they go with the decoder.
        using var decoder = new DecodingEngine(
            model,
            embToken,
            new DecodingEngineOptions
            {
                MaxBatchSize = rationales * queries.Count,
                MaxPrefixTokens = 2L * queries.Sum(query => query.Prompt.Length),
            }
        );
        var decoded = await decoder.DecodeAsync(requests, cancellationToken);
        return (
            [.. queries.Select((_, query) => Enumerable.Range(0, rationales).Select(i => decoded[i * queries.Count + query]).ToArray())],
            [.. decoded.Skip(rationales * queries.Count)]
        );
    }

    private DecodeRequest Request(EncodedQuery query, long step, int number) =>
        new(query.Prompt, query.Images)
        {
            EndOfTurn = endOfTurn ?? [],
            Generation = generation with { Seed = (long)SplitMix64.At((ulong)generation.Seed, (ulong)step, (ulong)number).Next() },
        };
}
