using System.Runtime.InteropServices;
using Rge.Data;
using Rge.Models;
using Rge.Models.Tensors;
using Rge.Training.Batches;
using static TorchSharp.torch;

namespace Rge.Training.Objective;

/// <summary>
/// Lets the model in training write the rationales of a batch, without gradient, the likeliest token each time. Owns the decoder.
/// </summary>
/// <remarks>
/// A model that has learned to write mostly writes what the oracle wrote. So the oracle's rationale is read first, all tokens at once: as
/// far as each is the likeliest after those before it, the model would have written it, and only what comes after is decoded step by step
/// (speculative decoding, Leviathan et al. 2023, with the oracle as draft). The result is that of the decoder alone, but for rounding.
/// </remarks>
internal sealed class SelfRationaleWriter : IDisposable
{
    private readonly QwenVlModel _model;
    private readonly DecodingEngine _decoder;
    private readonly DecodingEngineOptions _limits;
    private readonly QwenVlProcessor _processor;
    private readonly GenerationOptions _generation;
    private readonly int _embToken;

    /// <exception cref="ArgumentException">The options are not greedy.</exception>
    public SelfRationaleWriter(QwenVlModel model, QwenVlProcessor processor, int embToken, GenerationOptions generation, int rows)
    {
        if (!generation.IsGreedy || generation.RepetitionPenalty != 1)
            throw new ArgumentException("Self rationales are greedy and without repetition penalty.", nameof(generation));
        (_model, _processor, _generation, _embToken) = (model, processor, generation, embToken);
        _limits = new DecodingEngineOptions { MaxBatchSize = rows };
        _decoder = new DecodingEngine(model, embToken, _limits);
    }

    /// <summary>Beside a gate, whose choice it is whether to write, the first token is another than <c>&lt;emb&gt;</c>.</summary>
    private bool AlwaysWrites => _generation.DirectThreshold is not null;

    /// <summary>The tokens written for each query, without <c>&lt;emb&gt;</c>.</summary>
    public async Task<int[][]> WriteAsync(IReadOnlyList<EncodedQuery> queries, CancellationToken cancellationToken)
    {
        var written = FollowOracle(queries, cancellationToken);
        int[] open =
        [
            .. Enumerable
                .Range(0, queries.Count)
                .Where(i => written[i].LastOrDefault(-1) != _embToken && written[i].Length < _generation.MaxRationaleTokens),
        ];
        var requests = open.Select(i => new DecodeRequest([.. queries[i].Prompt, .. written[i]], queries[i].Images)
            {
                DirectThreshold = AlwaysWrites && written[i].Length == 0 ? double.PositiveInfinity : null,
                Generation = _generation with { MaxRationaleTokens = _generation.MaxRationaleTokens - written[i].Length },
            })
            .ToArray();
        var rest = await _decoder.DecodeAsync(requests, cancellationToken);
        foreach (var (i, sequence) in open.Zip(rest))
            written[i] = [.. written[i], .. sequence.RationaleIds];
        return [.. written.Select(tokens => tokens.Where(token => token != _embToken).ToArray())];
    }

    /// <summary>
    /// Share of self rationales whose conclusion is the oracle's, over the queries whose oracle concludes anything; null without any.
    /// </summary>
    public double? Accuracy(IReadOnlyList<EncodedQuery> queries, IReadOnlyList<int[]> written)
    {
        var right = queries
            .Zip(written, (query, own) => Rationales.ConcludesRightly(_processor.Tokenizer.Decode(own), query.Sample.Rationale))
            .OfType<bool>()
            .ToList();
        return right.Count == 0 ? null : right.Average(isRight => isRight ? 1.0 : 0.0);
    }

    /// <summary>
    /// What the model would write as far as the oracle did, and the first token where it would not; nothing without an oracle.
    /// </summary>
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
            using var pass = new SequencePass(_model, [.. drafts.Select(draft => draft.Sequence)], activationCheckpointing: false);
            var likeliest = Likeliest(pass.PredictedLogits().to(ScalarType.Float32), AlwaysWrites ? FirstRows(drafts) : []);
            foreach (var (query, sequence) in drafts)
            {
                written[query] = [.. Follow(queries[query].Rationale, likeliest[..sequence.Predicted])];
                likeliest = likeliest[sequence.Predicted..];
            }
        }
        return written;
    }

    /// <summary>
    /// The likeliest token by each row of logits, special tokens excluded as the decoder excludes them; the first of equals.
    /// </summary>
    /// <exception cref="EmbeddingException">A logit is not a number.</exception>
    /// <param name="logits"><c>[P, vocab]</c>.</param>
    /// <param name="firstRows">Rows in which <c>&lt;emb&gt;</c> is excluded, too.</param>
    private int[] Likeliest(Tensor logits, long[] firstRows)
    {
        var banned = new bool[_model.Config.Text.VocabSize];
        foreach (var token in _generation.BannedTokens)
            if ((uint)token < (uint)banned.Length)
                banned[token] = true;
        var allowed = logits.Fill(tensor(banned, device: logits.device), double.NegativeInfinity);
        if (firstRows.Length > 0)
        {
            var rows = tensor(firstRows, device: logits.device);
            var nothing = zeros([firstRows.Length], ScalarType.Float32, logits.device).Plus(double.NegativeInfinity);
            allowed.index_put_(
                nothing,
                TensorIndex.Tensor(rows),
                TensorIndex.Tensor(tensor(Array.ConvertAll(firstRows, _ => (long)_embToken), device: logits.device))
            );
        }
        var best = allowed.argmax(1, keepdim: true);
        using var highest = allowed.gather(1, best);
        if (highest.isfinite().logical_not().sum().Number() > 0)
            throw new EmbeddingException(
                "A logit is not finite; the model's activations overflow or its weights are damaged. With bfloat16 weights, try float32."
            );
        var tokens = best.cpu().contiguous(); // read back: a number for each row
        return [.. MemoryMarshal.Cast<byte, long>(tokens.bytes).ToArray().Select(token => (int)token)];
    }

    /// <summary>Where the logits of each draft begin.</summary>
    private static long[] FirstRows(IEnumerable<(int Query, TrainedSequence Sequence)> drafts)
    {
        var (rows, next) = (new List<long>(), 0L);
        foreach (var (_, sequence) in drafts)
        {
            rows.Add(next);
            next += sequence.Predicted;
        }
        return [.. rows];
    }

    /// <summary>What a draft and the model agree on, and the first token that the model would write instead.</summary>
    private static IEnumerable<int> Follow(int[] draft, IReadOnlyList<int> likeliest)
    {
        foreach (var (i, token) in likeliest.Index())
        {
            yield return token;
            if (token != draft[i])
                yield break;
        }
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
            if (taken.Count > 0 && tokens > _limits.MaxPrefillTokens)
                break;
            taken.Add((left.Dequeue(), new TrainedSequence([.. query.Prompt, .. draft], query.Images) { Predicted = draft.Length }));
        }
        return taken;
    }

    public void Dispose() => _decoder.Dispose();
}
