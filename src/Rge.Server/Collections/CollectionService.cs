using System.Runtime.CompilerServices;
using Rge.Search;
using Rge.Search.Indexing;
using Rge.Server.Images;
using Rge.Server.Requests;
using Rge.Server.Serving;

namespace Rge.Server.Collections;

/// <summary>Searches and fills collections, each item with a place in the queue that embeddings have, too.</summary>
internal sealed class CollectionService(CollectionHost collections, ModelHost host, EmbeddingQueue queue, ImageFetcher images, Telemetry telemetry)
{
    /// <summary>Answers a query.</summary>
    public async Task<SearchAnswer> SearchAsync(string name, SearchRequest request, CancellationToken cancellationToken)
    {
        SearchAnswer? answer = null;
        await foreach (var update in StreamAsync(name, request, cancellationToken)) answer = update.Answer;
        return answer!;
    }

    /// <summary>Answers a query, and hands out its rationale as it is written.</summary>
    public async IAsyncEnumerable<SearchUpdate> StreamAsync(string name, SearchRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var collection = await collections.OpenAsync(name, cancellationToken);
        using var place = queue.Take(1);
        using var span = Telemetry.Begin(1);
        var query = (await images.CompleteAsync([request.Query], cancellationToken))[0];
        var options = EmbeddingService.Options(host.Model.Embedder, request.MaxRationaleTokens);
        await foreach (var update in collection.Searcher.StreamAsync(query, request.Top, request.Filter, options, cancellationToken))
        {
            if (update.Answer is { } answer) telemetry.Count(ItemRole.Query, answer.Query);
            yield return update;
        }
    }

    /// <summary>Adds items to a collection; they are stored when this has ended.</summary>
    public async Task<IndexOutcome> AddAsync(string name, IReadOnlyList<SearchItem> items, CancellationToken cancellationToken)
    {
        var collection = await collections.OpenAsync(name, cancellationToken);
        using var place = queue.Take(items.Count);
        using var span = Telemetry.Begin(items.Count);
        return await collection.Indexer.AddAsync(items, cancellationToken);
    }
}
