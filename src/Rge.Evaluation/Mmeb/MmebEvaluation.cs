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
    private readonly QueryRationale[] _substitutes = Substitutes(options);
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
            foreach (var substitute in _substitutes)
                QuerySubstitutes.Require(substitute, rows.Dataset);
            meter.Expect((1 + _substitutes.Length) * rows.Queries.Count, rows.Candidates.Count);
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
        var candidates = await _embedder.EmbedAsync(rows.Candidates, ReasoningMode.Off, meter.Candidates, cancellationToken);
        var queries = Load(await _embedder.EmbedAsync(rows.Queries, Mode, meter.Queries, cancellationToken));
        if (QuerySubstitutes.Replace(options.Queries))
            (queries, _) = await SubstituteAsync(rows, queries, options.Queries, meter, cancellationToken);
        var results = new SubsetResults(rows, queries, Load(candidates));
        if (results.Unusable() is { } reason)
        {
            _unusable.Add(reason);
            return null;
        }
        var score = results.Score(options with { ModelName = target.Name }, Identity);
        if (options.MeasuresSensitivity)
            score = score with
            {
                Sensitivity = new RationaleSensitivity(
                    await EffectAsync(results, QueryRationale.Shuffled, meter, cancellationToken),
                    await EffectAsync(results, QueryRationale.Oracle, meter, cancellationToken)
                ),
            };
        var folder = new SubsetFolder(target.Path, options.Reasoning, rows.Name);
        var before = folder.ReadScore();
        folder.Write(results, score, options);
        return (score, before);
    }

    /// <summary>What another rationale changes; null where no query has one.</summary>
    private async Task<SubstituteEffect?> EffectAsync(
        SubsetResults own,
        QueryRationale substitute,
        ProgressMeter meter,
        CancellationToken cancellationToken
    )
    {
        var (queries, isReplaced) = await SubstituteAsync(own.Rows, [.. own.Queries], substitute, meter, cancellationToken);
        return SubstituteEffect.Compare(own, new SubsetResults(own.Rows, queries, [.. own.Candidates]), isReplaced);
    }

    /// <summary>The queries with the vectors of what takes their place, and where there is such.</summary>
    private async Task<(LoadedItem[] Queries, bool[] IsReplaced)> SubstituteAsync(
        SubsetRows rows,
        LoadedItem[] written,
        QueryRationale substitute,
        ProgressMeter meter,
        CancellationToken cancellationToken
    )
    {
        var rationales = written.Select(item => item.Embedding?.Rationale);
        var substitutes = QuerySubstitutes.For(substitute, rows.Dataset, rationales, embedder.Processor.Tokenizer).ToArray();
        (EmbeddingInput, string)[] items =
        [
            .. from row in Enumerable.Range(0, substitutes.Length)
            where substitutes[row] is not null
            select (substitutes[row]!, rows.Queries[row].Source),
        ];
        meter.Queries(written.Length - items.Length, 0);
        var embedded = new Queue<LoadedItem>(Load(await _embedder.EmbedAsync(items, ReasoningMode.Off, meter.Queries, cancellationToken)));
        return (
            [.. substitutes.Zip(written, (item, own) => item is null ? own : Replaced(own, embedded.Dequeue()))],
            Array.ConvertAll(substitutes, item => item is not null)
        );
    }

    private static LoadedItem Replaced(LoadedItem own, LoadedItem substitute) =>
        substitute.Embedding is { } embedding ? own with { Embedding = own.Embedding! with { Vector = embedding.Vector } } : substitute;

    /// <summary>Whether queries write a rationale.</summary>
    private ReasoningMode Mode =>
        options.Queries == QueryRationale.Auto ? ReasoningMode.Auto
        : options.Reasoning ? ReasoningMode.On
        : ReasoningMode.Off;

    /// <summary>What is embedded besides queries and candidates, one item a query each.</summary>
    /// <exception cref="ArgumentException">It needs what the other options exclude.</exception>
    private static QueryRationale[] Substitutes(MmebEvaluationOptions options)
    {
        var replaces = QuerySubstitutes.Replace(options.Queries);
        if (!replaces && options.Queries is not (QueryRationale.Written or QueryRationale.Auto))
            throw new ArgumentException(
                $"{nameof(options.Queries)} is {options.Queries}, expected {QueryRationale.Written}, {QueryRationale.Auto} or "
                    + "what takes the place of queries.",
                nameof(options)
            );
        if (options.Queries != QueryRationale.Written && !options.Reasoning)
            throw new ArgumentException(
                $"{nameof(options.Queries)} is {options.Queries}, which needs written rationales, but reasoning is off.",
                nameof(options)
            );
        if (options.MeasuresSensitivity && (!options.Reasoning || options.Queries != QueryRationale.Written))
            throw new ArgumentException(
                $"{nameof(options.MeasuresSensitivity)} needs a rationale of each query: expected {nameof(options.Reasoning)}, and "
                    + $"{nameof(options.Queries)} {QueryRationale.Written}.",
                nameof(options)
            );
        return options.MeasuresSensitivity ? [QueryRationale.Shuffled, QueryRationale.Oracle]
            : replaces ? [options.Queries]
            : [];
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
