using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.VectorData;
using Rge.Imaging;

namespace Rge.Search.Collections;

/// <summary>Searches a collection with queries: rationale, embedding, nearest records. Thread-safe.</summary>
public sealed class Searcher
{
    private readonly SearchCollection _collection;
    private readonly ReasoningEmbedder _embedder;

    /// <summary>Creates a searcher, which can be reused; collection and embedder are borrowed.</summary>
    /// <exception cref="SearchException">The collection was made with another model.</exception>
    public Searcher(SearchCollection collection, ReasoningEmbedder embedder)
    {
        ArgumentNullException.ThrowIfNull(collection);
        collection.RequireModel(embedder);
        (_collection, _embedder) = (collection, embedder);
    }

    /// <summary>Answers a query.</summary>
    /// <param name="query">The query. With <see cref="EmbeddingInput.Rationale"/> that is read instead of a rationale that the model
    /// writes.</param>
    /// <param name="top">How many hits at most, at least 1.</param>
    /// <param name="filter">What may be found; <see langword="null"/> for everything.</param>
    /// <param name="options">Options of the embedding; the dimensions are the collection's.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="EmbeddingException">The query cannot be embedded.</exception>
    /// <exception cref="ImageInputException">An image of the query cannot be used.</exception>
    /// <exception cref="VectorStoreException">The store fails.</exception>
    public async Task<SearchAnswer> SearchAsync(
        EmbeddingInput query,
        int top = 10,
        SearchFilter? filter = null,
        ReasoningEmbeddingOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        var watch = Stopwatch.StartNew();
        var embedding = await _embedder.EmbedAsync(query, Options(options), cancellationToken);
        return await AnswerAsync(embedding, watch, top, filter, cancellationToken);
    }

    /// <summary>Answers a query, and yields its rationale as it is written.</summary>
    /// <inheritdoc cref="SearchAsync"/>
    public async IAsyncEnumerable<SearchUpdate> StreamAsync(
        EmbeddingInput query,
        int top = 10,
        SearchFilter? filter = null,
        ReasoningEmbeddingOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        var watch = Stopwatch.StartNew();
        await foreach (var update in _embedder.StreamAsync(query, Options(options), cancellationToken))
            yield return new SearchUpdate(
                update.Text,
                update.Embedding is null ? null : await AnswerAsync(update.Embedding, watch, top, filter, cancellationToken)
            );
    }

    private async Task<SearchAnswer> AnswerAsync(
        ReasoningEmbedding embedding,
        Stopwatch watch,
        int top,
        SearchFilter? filter,
        CancellationToken cancellationToken
    )
    {
        var (embedded, reason) = (watch.Elapsed, embedding.Timings.Decoding);
        var hits = await _collection.SearchAsync(embedding.Vector, top, filter, cancellationToken);
        return new SearchAnswer(embedding, hits, new SearchTimings(reason, embedded - reason, watch.Elapsed - embedded));
    }

    private ReasoningEmbeddingOptions Options(ReasoningEmbeddingOptions? options) =>
        new(options) { Dimensions = _collection.Identity.Dimensions };
}
