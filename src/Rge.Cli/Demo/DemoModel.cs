using Rge.Data;
using Rge.Evaluation;
using Rge.Models;

namespace Rge.Cli.Demo;

/// <summary>A trained model of ShapeWorld. Owns it. Not thread-safe.</summary>
internal sealed class DemoModel : IDisposable
{
    /// <summary>More than any rationale of ShapeWorld needs.</summary>
    private const int MaxRationaleTokens = 48;

    private readonly ReasoningEmbedder _embedder;

    /// <summary>Candidates that are embedded already; queries have many in common.</summary>
    private readonly Dictionary<EmbeddingInput, ReadOnlyMemory<float>> _candidates = new(ReferenceEqualityComparer.Instance);

    /// <summary>Loads a model; it writes rationales as it did in training: the likeliest token each time, none of them special.</summary>
    /// <param name="folder">Checkpoint folder.</param>
    public DemoModel(string folder)
    {
        var special = QwenVlProcessor.Load(folder).Tokenizer.SpecialTokens.Where(token => token.Key != ReasoningEmbedder.EmbToken);
        _embedder = ReasoningEmbedder.Load(folder, new ReasoningEmbedderOptions
        {
            Generation = new GenerationOptions { MaxRationaleTokens = MaxRationaleTokens, BannedTokens = [.. special.Select(token => token.Value)] },
        });
    }

    /// <summary>Ranks a query's candidates.</summary>
    /// <param name="query">The query.</param>
    /// <param name="reasoning">Whether a rationale is written first.</param>
    /// <param name="write">Takes the rationale as it is written.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public async Task<DemoAnswer> AnswerAsync(DemoQuery query, ReasoningMode reasoning, Action<string> write, CancellationToken cancellationToken)
    {
        ReasoningEmbedding? answer = null;
        await foreach (var update in _embedder.StreamAsync(query.Row.Query with { Reasoning = reasoning }, cancellationToken: cancellationToken))
        {
            if (update.Text.Length > 0) write(update.Text);
            answer = update.Embedding;
        }
        EmbeddingInput[] missing = [.. query.Row.Candidates.Where(candidate => !_candidates.ContainsKey(candidate))];
        var embedded = await _embedder.EmbedAsync(missing, cancellationToken: cancellationToken);
        foreach (var (candidate, embedding) in missing.Zip(embedded)) _candidates.Add(candidate, embedding.Vector);
        return new DemoAnswer(answer!.Rationale?.Trim(), Ranking.Rank(answer.Vector, query.Row.Candidates.Select(candidate => _candidates[candidate])));
    }

    /// <summary>Measures hit@1.</summary>
    public Task<EvaluationOutcome> EvaluateAsync(
        IReadOnlyList<EvaluationDataset> datasets, QueryRationale queries, IProgress<EmbeddingProgress> progress, CancellationToken cancellationToken) =>
        new Evaluator(_embedder).RunAsync(datasets, queries, progress, cancellationToken);

    public void Dispose() => _embedder.Dispose();
}
