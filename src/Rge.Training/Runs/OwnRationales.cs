using Rge.Data;
using Rge.Models;
using Rge.Training.Batches;

namespace Rge.Training.Runs;

/// <summary>Lets the model in training write the rationales of a batch, without gradient, by the batched decoder. Owns the decoder.</summary>
internal sealed class OwnRationales : IDisposable
{
    private readonly RationaleDecoder _decoder;
    private readonly QwenVlProcessor _processor;
    private readonly GenerationOptions _generation;
    private readonly int _embToken;

    public OwnRationales(QwenVlModel model, QwenVlProcessor processor, int embToken, GenerationOptions generation, int rows)
    {
        _decoder = new RationaleDecoder(model, embToken, new RationaleDecoderOptions { MaxRows = rows });
        (_processor, _generation, _embToken) = (processor, generation, embToken);
    }

    /// <summary>The tokens written for each query, without <c>&lt;emb&gt;</c>.</summary>
    public int[][] Write(IReadOnlyList<EncodedQuery> queries, CancellationToken cancellationToken)
    {
        var requests = queries.Select(query => new DecodeRequest(query.Prompt, query.Images) { Generation = _generation }).ToArray();
        var written = _decoder.DecodeAsync(requests, cancellationToken).GetAwaiter().GetResult();
        return [.. written.Select(sequence => sequence.RationaleIds.Where(token => token != _embToken).ToArray())];
    }

    /// <summary>Share of own rationales whose conclusion is the oracle's, over the queries that have one; null without any.</summary>
    public double? Accuracy(IReadOnlyList<EncodedQuery> queries, IReadOnlyList<int[]> written)
    {
        var right = queries.Zip(written).Where(pair => pair.First.Sample.Rationale is not null)
            .Select(pair => Rationales.Conclusion(_processor.Tokenizer.Decode(pair.Second)) == Rationales.Conclusion(pair.First.Sample.Rationale!) ? 1.0 : 0.0).ToList();
        return right.Count == 0 ? null : right.Average();
    }

    public void Dispose() => _decoder.Dispose();
}
