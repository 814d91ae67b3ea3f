using System.Runtime.InteropServices;
using Rge.Data;
using Rge.Decoding;
using Rge.Models;
using Rge.Training.Batches;
using static TorchSharp.torch;

namespace Rge.Training.Objective;

/// <summary>Lets the model in training write the rationales of a batch, without gradient, the likeliest token each time. Owns the decoder.</summary>
/// <remarks>
/// A model that has learned to write mostly writes what the oracle wrote. So the oracle's rationale is read first, all tokens at once: as far
/// as each is the likeliest after those before it, the model would have written it, and only what comes after is decoded step by step
/// (speculative decoding, Leviathan et al. 2023, with the oracle as draft). The result is that of the decoder alone, but for rounding.
/// </remarks>
internal sealed class SelfRationaleWriter : IDisposable
{
    private readonly QwenVlModel _model;
    private readonly RationaleDecoder _decoder;
    private readonly RationaleDecoderOptions _limits;
    private readonly QwenVlProcessor _processor;
    private readonly GenerationOptions _generation;
    private readonly int _embToken;

    /// <exception cref="ArgumentException">The options say otherwise than to take the likeliest token.</exception>
    public SelfRationaleWriter(QwenVlModel model, QwenVlProcessor processor, int embToken, GenerationOptions generation, int rows)
    {
        if (!generation.IsGreedy || generation.RepetitionPenalty != 1) throw new ArgumentException("Self rationales are greedy and without repetition penalty.", nameof(generation));
        (_model, _processor, _generation, _embToken) = (model, processor, generation, embToken);
        _limits = new RationaleDecoderOptions { MaxRows = rows };
        _decoder = new RationaleDecoder(model, embToken, _limits);
    }

    /// <summary>The tokens written for each query, without <c>&lt;emb&gt;</c>.</summary>
    public int[][] Write(IReadOnlyList<EncodedQuery> queries, CancellationToken cancellationToken)
    {
        var written = FollowOracle(queries, cancellationToken);
        int[] open = [.. Enumerable.Range(0, queries.Count).Where(i => written[i].LastOrDefault(-1) != _embToken && written[i].Length < _generation.MaxRationaleTokens)];
        var requests = open.Select(i => new DecodeRequest([.. queries[i].Prompt, .. written[i]], queries[i].Images)
        {
            Generation = _generation with { MaxRationaleTokens = _generation.MaxRationaleTokens - written[i].Length },
        }).ToArray();
        var rest = _decoder.DecodeAsync(requests, cancellationToken).GetAwaiter().GetResult();
        foreach (var (i, sequence) in open.Zip(rest)) written[i] = [.. written[i], .. sequence.RationaleIds];
        return [.. written.Select(tokens => tokens.Where(token => token != _embToken).ToArray())];
    }

    /// <summary>Share of self rationales whose conclusion is the oracle's, over the queries whose oracle concludes anything; null without any.</summary>
    public double? Accuracy(IReadOnlyList<EncodedQuery> queries, IReadOnlyList<int[]> written)
    {
        var right = queries.Zip(written, (query, own) => Rationales.ConcludesRightly(_processor.Tokenizer.Decode(own), query.Sample.Rationale)).OfType<bool>().ToList();
        return right.Count == 0 ? null : right.Average(isRight => isRight ? 1.0 : 0.0);
    }

    /// <summary>What the model would write as far as the oracle did, and the first token where it would not; nothing without an oracle.</summary>
    private int[][] FollowOracle(IReadOnlyList<EncodedQuery> queries, CancellationToken cancellationToken)
    {
        using var gradients = no_grad();
        var written = queries.Select(_ => Array.Empty<int>()).ToArray();
        var left = new Queue<int>(Enumerable.Range(0, queries.Count).Where(i => queries[i].Rationale.Length > 0));
        while (left.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var drafts = Take(left, queries);
            using var pass = new SequencePass(_model, [.. drafts.Select(draft => draft.Sequence)], recomputeActivations: false);
            var logits = pass.PredictedLogits().to(ScalarType.Float32).cpu().contiguous();
            var values = MemoryMarshal.Cast<byte, float>(logits.bytes);
            foreach (var (query, sequence) in drafts)
            {
                written[query] = Follow(queries[query], values[..(sequence.Predicted * _model.Config.Text.VocabSize)]);
                values = values[(sequence.Predicted * _model.Config.Text.VocabSize)..];
            }
        }
        return written;
    }

    /// <summary>Chooses by a draft's logits, row after row, as the decoder would, until the choice is not the draft's.</summary>
    private int[] Follow(EncodedQuery query, Span<float> logits)
    {
        var sampler = new TokenSampler(_generation, query.Prompt);
        var own = new List<int>();
        for (; logits.Length > 0; logits = logits[_model.Config.Text.VocabSize..])
        {
            own.Add(sampler.Next(logits[.._model.Config.Text.VocabSize]));
            if (own[^1] != query.Rationale[own.Count - 1]) break;
        }
        return [.. own];
    }

    /// <summary>Takes as many queries as one pass may read, each with as much of its oracle's rationale as may be written.</summary>
    private List<(int Query, TrainedSequence Sequence)> Take(Queue<int> left, IReadOnlyList<EncodedQuery> queries)
    {
        var (taken, tokens) = (new List<(int, TrainedSequence)>(), 0);
        while (left.TryPeek(out var next))
        {
            var query = queries[next];
            var draft = query.Rationale[..Math.Min(query.Rationale.Length, _generation.MaxRationaleTokens)];
            tokens += query.Prompt.Length + draft.Length;
            if (taken.Count > 0 && tokens > _limits.MaxPrefillTokens) break;
            taken.Add((left.Dequeue(), new TrainedSequence([.. query.Prompt, .. draft], query.Images) { Predicted = draft.Length }));
        }
        return taken;
    }

    public void Dispose() => _decoder.Dispose();
}
