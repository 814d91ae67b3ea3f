using System.Diagnostics;
using Rge.Models;

namespace Rge.Evaluation.Mmeb;

/// <summary>Sees to it that items are in the cache: each that is not goes through the embedder once.</summary>
/// <remarks>
/// Items are embedded and stored in chunks that depend on the items alone, and one chunk ends before the next begins: an evaluation that
/// was killed and started again has the batches, and so the last bits, of one that was not. The embedder's
/// <see cref="ReasoningEmbedderOptions.ItemsAhead"/> should be <see cref="ChunkItems"/>, so that timing plays no part within a chunk.
/// </remarks>
internal sealed class CachedEmbedder(ReasoningEmbedder embedder, EmbeddingCache cache, ItemKeys keys, BadImages badImages)
{
    /// <summary>Items that are embedded together and stored together.</summary>
    public const int ChunkItems = 64;

    /// <summary>Embeds what is not in the cache.</summary>
    /// <param name="items">The items, each with its row as errors name it.</param>
    /// <param name="reasons">Whether rationales are written for them.</param>
    /// <param name="done">Told how many more items are there, and the seconds that it took; 0 for those that were in the cache.</param>
    /// <param name="cancellationToken">Stops between two steps of the model.</param>
    /// <returns>For each item its key, or what is wrong with its pictures.</returns>
    /// <exception cref="EvaluationException">An item cannot be embedded; with <see cref="BadImages.Fail"/> also for its pictures.</exception>
    public async Task<CacheEntry[]> EmbedAsync(IReadOnlyList<(EmbeddingInput Item, string Source)> items, bool reasons, Action<int, double> done, CancellationToken cancellationToken)
    {
        var entries = new CacheEntry[items.Count];
        await Parallel.ForAsync(0, items.Count, cancellationToken, (i, _) =>
        {
            entries[i] = Locate(items[i], reasons);
            return ValueTask.CompletedTask;
        });
        var missing = new OrderedDictionary<ItemKey, (EmbeddingInput Item, string Source)>();
        foreach (var (entry, item) in entries.Zip(items))
            if (entry.Key is { } key && !missing.ContainsKey(key) && !cache.Has(key)) missing.Add(key, item);
        done(items.Count - missing.Count, 0);

        var problems = new Dictionary<ItemKey, string>();
        foreach (var chunk in missing.Chunk(ChunkItems))
        {
            var watch = Stopwatch.StartNew();
            foreach (var (key, problem) in await EmbedChunkAsync(chunk, reasons, cancellationToken)) problems.Add(key, problem);
            done(chunk.Length, watch.Elapsed.TotalSeconds);
        }
        if (problems.Count == 0) return entries;
        return Array.ConvertAll(entries, entry => entry.Key is { } key && problems.TryGetValue(key, out var problem) ? new CacheEntry(null, problem) : entry);
    }

    private CacheEntry Locate((EmbeddingInput Item, string Source) item, bool reasons)
    {
        try
        {
            return new CacheEntry(keys.Of(item.Item, reasons), null);
        }
        catch (ImageInputException e)
        {
            return new CacheEntry(null, BadImage(item.Source, e));
        }
    }

    /// <summary>Embeds a chunk together and, where one of its items cannot be, one by one, to learn which. Returns what is wrong with pictures.</summary>
    private async Task<IReadOnlyList<(ItemKey Key, string Problem)>> EmbedChunkAsync(
        KeyValuePair<ItemKey, (EmbeddingInput Item, string Source)>[] chunk, bool reasons, CancellationToken cancellationToken)
    {
        try
        {
            await StoreAsync(chunk, reasons, cancellationToken);
            return [];
        }
        catch (Exception e) when (e is ImageInputException or EmbeddingException && chunk.Length > 1)
        {
            var problems = new List<(ItemKey, string)>();
            foreach (var item in chunk) problems.AddRange(await EmbedChunkAsync([item], reasons, cancellationToken));
            return problems;
        }
        catch (ImageInputException e)
        {
            return [(chunk[0].Key, BadImage(chunk[0].Value.Source, e))];
        }
        catch (EmbeddingException e)
        {
            throw new EvaluationException($"{chunk[0].Value.Source}: {e.Message}", e);
        }
    }

    private async Task StoreAsync(KeyValuePair<ItemKey, (EmbeddingInput Item, string Source)>[] chunk, bool reasons, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var mode = reasons ? ReasoningMode.On : ReasoningMode.Off;
        var embeddings = await embedder.EmbedAsync([.. chunk.Select(pair => pair.Value.Item with { Reasoning = mode })], cancellationToken: cancellationToken);
        var seconds = watch.Elapsed.TotalSeconds / chunk.Length;
        cache.Add([.. chunk.Zip(embeddings, (pair, embedding) => KeyValuePair.Create(pair.Key, Describe(embedding, pair.Value.Source, seconds)))]);
    }

    private static CachedEmbedding Describe(ReasoningEmbedding embedding, string source, double seconds)
    {
        var vector = embedding.Vector.ToArray();
        if (!Array.TrueForAll(vector, float.IsFinite)) throw new EvaluationException($"{source}: the model's embedding has values that are not numbers.");
        return new CachedEmbedding(vector, embedding.Rationale, embedding.WrittenTokens, embedding.PromptTokens, seconds);
    }

    private string BadImage(string source, ImageInputException e) =>
        badImages == BadImages.Skip ? e.Message : throw new EvaluationException($"{source}: {e.Message} Give --on-bad-image skip to leave such rows out and count them.", e);
}
