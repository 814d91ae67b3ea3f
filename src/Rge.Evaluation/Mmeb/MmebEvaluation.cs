using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Rge.Data;
using Rge.Data.Mmeb;

namespace Rge.Evaluation.Mmeb;

/// <summary>
/// Evaluates an embedder on MMEB's subsets. Embeddings are stored on disk immediately, by content: a run that was killed at any moment
/// and started again repeats no work and has the same scores.
/// </summary>
/// <remarks>
/// Subsets run one after another; memory holds the rows of one of them and the vectors of its candidates. Files, in the model's
/// <see cref="ResultFolder"/> under the output folder: <c>on/SUBSET/</c> with reasoning and <c>off/SUBSET/</c> without, see
/// <see cref="SubsetFolder"/>. Borrows embedder and cache.
/// </remarks>
/// <param name="embedder">The embedder, made with <see cref="ChunkItems"/> items ahead.</param>
/// <param name="cache">Where embeddings are kept.</param>
/// <param name="options">What is evaluated, and how.</param>
public sealed class MmebEvaluation(ReasoningEmbedder embedder, EmbeddingCache cache, MmebEvaluationOptions options)
{
    /// <summary>Items that go through the embedder together: what <see cref="ReasoningEmbedderOptions.PrefetchItems"/> should be.</summary>
    public const int ChunkItems = CachedEmbedder.ChunkItems;

    private readonly List<string> _unusable = [];
    private readonly bool _replaces = Replaces(options);
    private readonly CachedEmbedder _embedder = new(
        embedder,
        cache,
        new ItemKeys(options.ModelIdentity, options.Generation, embedder.Processor.Images.Options.Truncated),
        options.FailedItems
    );

    /// <summary>Digest of the model and of all settings but whether queries reason.</summary>
    public string Identity { get; } = Digest(options);

    /// <summary>Where the results are; <see langword="null"/> before <see cref="RunAsync"/> has read the rows.</summary>
    public ResultFolder? Results { get; private set; }

    /// <summary>
    /// Subsets of which no row could be used, each with the first problem; with <see cref="FailedItems.Skip"/> the others are evaluated all
    /// the same.
    /// </summary>
    public IReadOnlyList<string> Unusable => _unusable;

    /// <summary>Reads all rows once, so that problems are known before any work, then evaluates subset by subset.</summary>
    /// <param name="progress">Called after each chunk of items and each subset.</param>
    /// <param name="cancellationToken">Stops between two steps of the model.</param>
    /// <returns>The scores, in the order of the subsets.</returns>
    /// <exception cref="DatasetException">A file or row cannot be used.</exception>
    /// <exception cref="EvaluationException">An item cannot be embedded, or no subset has a row left that counts.</exception>
    public async Task<IReadOnlyList<SubsetScore>> RunAsync(
        IProgress<MmebProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        var meter = new ProgressMeter(progress);
        var images = new ImageCheck();
        foreach (var subset in options.Subsets)
        {
            var rows = new SubsetRows(await ReadAsync(subset, cancellationToken));
            if (options.FailedItems == FailedItems.Fail)
                images.Add(rows);
            QuerySubstitutes.Require(options.Queries, rows.Dataset);
            meter.Expect(_replaces ? 2 * rows.Queries.Count : rows.Queries.Count, rows.Candidates.Count);
        }
        images.ThrowIfAnyIsMissing();
        Results = ResultFolder.Claim(options.OutputFolder, Identity, options.ModelName);
        _unusable.Clear();
        var scores = new List<SubsetScore>();
        foreach (var subset in options.Subsets)
        {
            meter.Begin(subset.Name);
            var rows = new SubsetRows(await ReadAsync(subset, cancellationToken));
            if (await EvaluateAsync(rows, Results, meter, cancellationToken) is not { } done)
                continue;
            scores.Add(done.Score);
            meter.Finish(done.Score, done.Before);
        }
        return scores.Count > 0 ? scores : throw new EvaluationException(string.Join(' ', _unusable));
    }

    private Task<EvaluationDataset> ReadAsync(MmebSubset subset, CancellationToken cancellationToken) =>
        new MmebReader(options.ImageFolder, options.QueryRules, options.CandidateRules)
        {
            IgnoredColumns = options.IgnoredColumns,
        }.ReadEvaluationAsync(subset, cancellationToken);

    private async Task<(SubsetScore Score, SubsetScore? Before)?> EvaluateAsync(
        SubsetRows rows,
        ResultFolder target,
        ProgressMeter meter,
        CancellationToken cancellationToken
    )
    {
        var candidates = await _embedder.EmbedAsync(rows.Candidates, reasons: false, meter.Candidates, cancellationToken);
        var queries = Load(await _embedder.EmbedAsync(rows.Queries, options.Reasoning, meter.Queries, cancellationToken));
        if (_replaces)
            queries = await SubstituteAsync(rows, queries, meter, cancellationToken);
        var results = new SubsetResults(rows, queries, Load(candidates));
        if (results.Unusable() is { } reason)
        {
            _unusable.Add(reason);
            return null;
        }
        var score = results.Score(options with { ModelName = target.Name }, Identity);
        var folder = new SubsetFolder(target.Path, options.Reasoning, rows.Name);
        var before = folder.ReadScore();
        folder.Write(results, score, options);
        return (score, before);
    }

    /// <summary>The queries with the vectors of what takes their place.</summary>
    private async Task<LoadedItem[]> SubstituteAsync(
        SubsetRows rows,
        LoadedItem[] written,
        ProgressMeter meter,
        CancellationToken cancellationToken
    )
    {
        var rationales = written.Select(item => item.Embedding?.Rationale);
        var substitutes = QuerySubstitutes.For(options.Queries, rows.Dataset, rationales, embedder.Processor.Tokenizer).ToArray();
        (EmbeddingInput, string)[] items =
        [
            .. from row in Enumerable.Range(0, substitutes.Length)
            where substitutes[row] is not null
            select (substitutes[row]!, rows.Queries[row].Source),
        ];
        meter.Queries(written.Length - items.Length, 0);
        var embedded = new Queue<LoadedItem>(Load(await _embedder.EmbedAsync(items, reasons: false, meter.Queries, cancellationToken)));
        return [.. substitutes.Zip(written, (substitute, own) => substitute is null ? own : Replaced(own, embedded.Dequeue()))];
    }

    private static LoadedItem Replaced(LoadedItem own, LoadedItem substitute) =>
        substitute.Embedding is { } embedding ? own with { Embedding = own.Embedding! with { Vector = embedding.Vector } } : substitute;

    /// <summary>Whether something takes the place of queries.</summary>
    /// <exception cref="ArgumentException">It cannot.</exception>
    private static bool Replaces(MmebEvaluationOptions options)
    {
        var replaces = QuerySubstitutes.Replace(options.Queries);
        if (!replaces && options.Queries != QueryRationale.Written)
            throw new ArgumentException(
                $"{nameof(options.Queries)} is {options.Queries}, expected {QueryRationale.Written} or what takes the place of queries.",
                nameof(options)
            );
        if (replaces && !options.Reasoning)
            throw new ArgumentException(
                $"{nameof(options.Queries)} is {options.Queries}, which needs written rationales, but reasoning is off.",
                nameof(options)
            );
        return replaces;
    }

    private LoadedItem[] Load(IEnumerable<CacheEntry> entries) =>
        [
            .. entries.Select(entry => new LoadedItem(
                entry.Key is { } key
                    ? cache.Find(key) ?? throw new EvaluationException("An embedding has gone from the cache while it was in use.")
                    : null,
                entry.Problem
            )),
        ];

    private static string Digest(MmebEvaluationOptions options)
    {
        // The policy for failed items is reported with each score and changes no score without failures, so it is not part of the identity.
        var settings = JsonSerializer.Serialize(
            (string[])
                [
                    options.ModelIdentity,
                    JsonSerializer.Serialize(options.Generation),
                    options.QueryRules.Digest,
                    options.CandidateRules.Digest,
                    nameof(FailedItems.Fail),
                    .. options.Queries == QueryRationale.Written ? (string[])[] : [options.Queries.ToString()],
                ]
        );
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(settings)))[..16];
    }
}
