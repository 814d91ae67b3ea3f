using System.Runtime.CompilerServices;
using Rge.Files;
using Rge.Search;
using Rge.Search.Indexing;
using Rge.Server.Errors;
using Rge.Server.Images;
using Rge.Server.Serving;

namespace Rge.Server.Collections;

/// <summary>Searches and fills collections, each item admitted as those of embeddings are.</summary>
internal sealed class CollectionService(
    CollectionHost collections,
    ModelHost host,
    AdmissionLimiter admission,
    ImageFetcher images,
    Telemetry telemetry
)
{
    /// <summary>Answers a query.</summary>
    public async Task<SearchAnswer> SearchAsync(string name, SearchRequest request, CancellationToken cancellationToken)
    {
        SearchAnswer? answer = null;
        await foreach (var update in StreamAsync(name, request, cancellationToken))
            answer = update.Answer;
        return answer!;
    }

    /// <summary>Answers a query, and yields its rationale as it is written.</summary>
    public async IAsyncEnumerable<SearchUpdate> StreamAsync(
        string name,
        SearchRequest request,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var collection = await collections.OpenAsync(name, cancellationToken);
        using var admitted = admission.Admit(1);
        using var span = Telemetry.Begin(Telemetry.Embed, 1);
        using var fetched = images.Begin();
        var query = (await fetched.CompleteAsync([request.Query], cancellationToken))[0];
        var options = EmbeddingService.Options(host.Model.Embedder, request.MaxRationaleTokens);
        var updates = collection.Searcher.StreamAsync(query, request.Top, request.Filter, options, cancellationToken);
        await foreach (var update in EmbeddingService.WithPlace(updates, request.Query))
        {
            if (update.Answer is { } answer)
                telemetry.Count(ItemRole.Query, answer.Query);
            yield return update;
        }
    }

    /// <summary>Adds items to a collection; those that the answer has an id for are stored when this has ended.</summary>
    /// <exception cref="ApiException">No item can be indexed, or one of them cannot and the request is to fail then.</exception>
    public Task<ItemsAdded> AddAsync(string name, ItemsRequest request, CancellationToken cancellationToken) =>
        WithIndexerAsync(
            name,
            request.Items.Count(sent => sent.Item is not null),
            indexer => AddAsync(indexer, request, cancellationToken),
            cancellationToken
        );

    /// <summary>Adds items that are complete in memory.</summary>
    public Task<IndexOutcome> AddAsync(string name, IReadOnlyList<SearchItem> items, CancellationToken cancellationToken) =>
        WithIndexerAsync(name, items.Count, indexer => indexer.AddAsync(items, cancellationToken), cancellationToken);

    /// <summary>Looks a collection up and admits items before anything is done for them.</summary>
    private async Task<T> WithIndexerAsync<T>(string name, int items, Func<Indexer, Task<T>> work, CancellationToken cancellationToken)
    {
        var collection = await collections.OpenAsync(name, cancellationToken);
        using var admitted = admission.Admit(items);
        using var span = Telemetry.Begin(Telemetry.Embed, items);
        return await work(collection.Indexer);
    }

    private async Task<ItemsAdded> AddAsync(Indexer indexer, ItemsRequest request, CancellationToken cancellationToken)
    {
        using var fetched = images.Begin();
        await fetched.FetchAsync(request.Items.SelectMany(item => item.Images), cancellationToken);
        var keys = new Dictionary<string, (int Index, string Id)>(StringComparer.Ordinal);
        var sent = ItemsRequest.Read(request.Items.Index(), item => Complete(item.Item, item.Index, fetched, keys), request.OnError);
        SentItem[] items = [.. sent.Items.Where(one => one.Item is not null)];
        var outcome = await indexer.AddAsync([.. items.Select(one => one.Item!)], cancellationToken);
        // Of equal items one is reported.
        var broken = outcome.Broken.ToLookup(item => items[item.Index!.Value].Id!, item => item.Problem, StringComparer.Ordinal);
        var ids = sent.Items.Select(one => one.Id).ToArray();
        ItemFailed[] failed =
        [
            .. sent
                .Items.Zip(ids)
                .Index()
                .Select(one => (one.Index, Problem: one.Item.First.Problem?.Message ?? broken[one.Item.Second!].FirstOrDefault()))
                .Where(one => one.Problem is not null)
                .Select(one => new ItemFailed(one.Index, one.Problem!)),
        ];
        if (request.OnError == OnError.Fail && failed is [var first, ..])
        {
            throw ApiException.Invalid(
                $"items[{first.Index}] cannot be indexed: {first.Problem.TrimEnd('.')}; {failed.Length} of {ids.Length} items failed, "
                    + "the others are stored and are not embedded again when they are sent again.",
                $"items[{first.Index}]",
                "invalid_item"
            );
        }
        foreach (var one in failed)
            ids[one.Index] = null;
        return new ItemsAdded(ids, outcome.Embedded, failed);
    }

    /// <summary>The item with its images. A key is one item's: of several with it, the first.</summary>
    private static SentItem Complete(SentItem sent, int index, FetchedImages fetched, Dictionary<string, (int Index, string Id)> keys)
    {
        if (sent.Item is not { } item)
            return sent;
        item = item with { Images = [.. sent.Images.Select(image => (ReadOnlyMemory<byte>)fetched.Bytes(image))] };
        string id;
        try
        {
            id = item.Id();
        }
        catch (SearchException e)
        {
            throw ApiException.Invalid(e.Message, $"items[{index}].metadata", innerException: e);
        }
        if (item.Key is { } key && !keys.TryAdd(key, (index, id)) && keys[key].Id != id)
        {
            throw ApiException.Invalid(
                $"items[{index}] has the key '{JsonField.Shorten(key)}', which is that of items[{keys[key].Index}], too.",
                $"items[{index}].key"
            );
        }
        return SentItem.Complete(item, id);
    }
}
