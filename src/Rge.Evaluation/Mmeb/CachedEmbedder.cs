using System.Diagnostics;
using Rge.Imaging;

namespace Rge.Evaluation.Mmeb;

/// <summary>Sees to it that items are in the cache: each that is not goes through the embedder once.</summary>
/// <remarks>
/// Items are embedded and stored in chunks that depend on the items alone, and one chunk ends before the next begins: an evaluation that
/// was killed and started again has the batches, and so the last bits, of one that was not, also where some items of a chunk fail each
/// time. The embedder's <see cref="ReasoningEmbedderOptions.PrefetchItems"/> should be <see cref="ChunkItems"/>, so that timing plays no
/// part within a chunk.
/// </remarks>
internal sealed class CachedEmbedder(ReasoningEmbedder embedder, EmbeddingCache cache, ItemKeys keys, FailedItems failedItems)
{
    /// <summary>Items that are embedded together and stored together.</summary>
    public const int ChunkItems = 64;

    /// <summary>Embeds what is not in the cache.</summary>
    /// <param name="items">The items, each with its row as errors name it.</param>
    /// <param name="reasoning">Whether rationales are written for them.</param>
    /// <param name="done">Receives how many more items are done, and the seconds that they took; 0 for those that were in the
    /// cache.</param>
    /// <param name="cancellationToken">Stops between two steps of the model.</param>
    /// <returns>For each item its key, or why it cannot be embedded.</returns>
    /// <exception cref="EvaluationException">With <see cref="FailedItems.Fail"/>: an item cannot be embedded. Those of its chunk that can
    /// are stored.</exception>
    public async Task<CacheEntry[]> EmbedAsync(
        IReadOnlyList<(EmbeddingInput Item, string Source)> items,
        ReasoningMode reasoning,
        Action<int, double> done,
        CancellationToken cancellationToken
    )
    {
        var entries = new CacheEntry[items.Count];
        await Parallel.ForAsync(0, items.Count, cancellationToken, (i, _) =>
        {
            entries[i] = Locate(items[i].Item, reasoning);
            return ValueTask.CompletedTask;
        });
        foreach (var (entry, item) in entries.Zip(items))
            if (entry.Problem is { } problem)
                Fail(item.Source, problem);

        var different = new OrderedDictionary<ItemKey, (EmbeddingInput Item, string Source)>();
        foreach (var (entry, item) in entries.Zip(items))
            if (entry.Key is { } key)
                different.TryAdd(key, item);
        var missing = different.Keys.Where(key => !cache.Has(key)).ToHashSet();
        done(items.Count - missing.Count, 0);
        var problems = new Dictionary<ItemKey, string>();
        foreach (
            var chunk in different
                .Chunk(ChunkItems)
                .Select(chunk => Array.FindAll(chunk, item => missing.Contains(item.Key)))
                .Where(chunk => chunk.Length > 0)
        )
        {
            var watch = Stopwatch.StartNew();
            await EmbedChunkAsync(chunk, reasoning, problems, cancellationToken);
            done(chunk.Length, watch.Elapsed.TotalSeconds);
        }
        if (problems.Count == 0)
            return entries;
        return Array.ConvertAll(entries, entry =>
            entry.Key is { } key && problems.TryGetValue(key, out var problem) ? new CacheEntry(null, problem) : entry
        );
    }

    private CacheEntry Locate(EmbeddingInput item, ReasoningMode reasoning)
    {
        try
        {
            return new CacheEntry(keys.Compute(item, reasoning), null);
        }
        catch (ImageInputException e)
        {
            return new CacheEntry(null, e.Problem);
        }
    }

    /// <summary>Embeds items together and stores those that can be.</summary>
    private async Task EmbedChunkAsync(
        KeyValuePair<ItemKey, (EmbeddingInput Item, string Source)>[] chunk,
        ReasoningMode reasoning,
        Dictionary<ItemKey, string> problems,
        CancellationToken cancellationToken
    )
    {
        var watch = Stopwatch.StartNew();
        var results = await embedder.TryEmbedAsync(
            [.. chunk.Select(pair => pair.Value.Item with { Reasoning = reasoning })],
            cancellationToken: cancellationToken
        );
        var seconds = watch.Elapsed.TotalSeconds / chunk.Length;
        var stored = new List<KeyValuePair<ItemKey, CachedEmbedding>>(chunk.Length);
        var failed = new List<(string Source, string Problem)>();
        foreach (var (result, (key, (_, source))) in results.Zip(chunk))
        {
            var problem = result.Error?.Problem;
            var vector = result.Embedding?.Vector.ToArray() ?? [];
            if (problem is null && !Array.TrueForAll(vector, float.IsFinite))
                problem = "The model's embedding has values that are not numbers.";
            if (problem is null)
            {
                stored.Add(
                    new(
                        key,
                        new CachedEmbedding(
                            vector,
                            result.Embedding!.Rationale,
                            result.Embedding.WrittenTokens,
                            result.Embedding.PromptTokens,
                            seconds
                        )
                    )
                );
                continue;
            }
            problems.Add(key, problem);
            failed.Add((source, problem));
        }
        cache.Add(stored);
        foreach (var (source, problem) in failed)
            Fail(source, problem);
    }

    private void Fail(string source, string problem)
    {
        if (failedItems == FailedItems.Fail)
            throw new EvaluationException($"{source}: {problem} Give --on-error skip to leave such rows out and count them.");
    }
}
