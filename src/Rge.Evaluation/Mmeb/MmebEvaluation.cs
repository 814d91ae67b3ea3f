using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Rge.Data;
using Rge.Data.Mmeb;

namespace Rge.Evaluation.Mmeb;

/// <summary>
/// Evaluates an embedder on MMEB's subsets. What is embedded is on the disk at once, by its content: a run that was killed at any moment
/// and started again does nothing twice and comes to the same scores.
/// </summary>
/// <remarks>
/// Subsets go one after another; in memory are the rows of one of them and the vectors of its candidates. Files, under the output folder:
/// <c>on/SUBSET/</c> with reasoning and <c>off/SUBSET/</c> without, see <see cref="SubsetFolder"/>. Borrows embedder and cache.
/// </remarks>
/// <param name="embedder">The embedder, made with <see cref="ChunkItems"/> items ahead.</param>
/// <param name="cache">Where embeddings are kept.</param>
/// <param name="options">What is evaluated, and how.</param>
public sealed class MmebEvaluation(ReasoningEmbedder embedder, EmbeddingCache cache, MmebEvaluationOptions options)
{
    /// <summary>Items that go through the embedder together: what <see cref="ReasoningEmbedderOptions.ItemsAhead"/> should be.</summary>
    public const int ChunkItems = CachedEmbedder.ChunkItems;

    private readonly CachedEmbedder _embedder = new(embedder, cache, new ItemKeys(options.ModelIdentity, options.Generation), options.BadImages);

    /// <summary>Digest of the model and of all settings but whether queries reason.</summary>
    public string Identity { get; } = Digest(options);

    /// <summary>Reads all rows once, so that what is wrong with them is known before any work, then evaluates subset by subset.</summary>
    /// <param name="progress">Told after each chunk of items and each subset.</param>
    /// <param name="cancellationToken">Stops between two steps of the model.</param>
    /// <returns>The scores, in the order of the subsets.</returns>
    /// <exception cref="DatasetException">A file or row cannot be used.</exception>
    /// <exception cref="EvaluationException">An item cannot be embedded, or a subset has no row left that counts.</exception>
    public async Task<IReadOnlyList<SubsetScore>> RunAsync(IProgress<MmebProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var meter = new ProgressMeter(progress);
        foreach (var subset in options.Subsets)
        {
            var rows = new SubsetRows(await ReadAsync(subset, cancellationToken));
            if (options.BadImages == BadImages.Fail) rows.RequireImages();
            meter.Expect(rows.Queries.Count, rows.Candidates.Count);
        }
        var scores = new List<SubsetScore>();
        foreach (var subset in options.Subsets)
        {
            meter.Begin(subset.Name);
            var rows = new SubsetRows(await ReadAsync(subset, cancellationToken));
            scores.Add(await EvaluateAsync(rows, meter, cancellationToken));
            meter.Finish(scores[^1]);
        }
        return scores;
    }

    private Task<EvaluationDataset> ReadAsync(MmebSubset subset, CancellationToken cancellationToken) =>
        new MmebReader(options.ImageFolder, options.QueryRules, options.CandidateRules).ReadEvaluationAsync(subset, cancellationToken);

    private async Task<SubsetScore> EvaluateAsync(SubsetRows rows, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var candidates = await _embedder.EmbedAsync(rows.Candidates, reasons: false, meter.Candidates, cancellationToken);
        var queries = await _embedder.EmbedAsync(rows.Queries, options.Reasoning, meter.Queries, cancellationToken);
        var results = new SubsetResults(rows, Load(queries), Load(candidates));
        var score = results.Score(options, Identity);
        new SubsetFolder(options.OutputFolder, options.Reasoning, rows.Name).Write(results, score, options);
        return score;
    }

    private LoadedItem[] Load(IEnumerable<CacheEntry> entries) =>
        [.. entries.Select(entry => new LoadedItem(entry.Key is { } key ? cache.Find(key) ?? throw new EvaluationException("An embedding has gone from the cache while it was in use.") : null, entry.Problem))];

    private static string Digest(MmebEvaluationOptions options)
    {
        var settings = JsonSerializer.Serialize((string[])[options.ModelIdentity, JsonSerializer.Serialize(options.Generation), options.QueryRules.Digest, options.CandidateRules.Digest, options.BadImages.ToString()]);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(settings)))[..16];
    }
}
