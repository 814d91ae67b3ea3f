using System.Runtime.CompilerServices;
using Rge.Server.Images;
using Rge.Server.Requests;

namespace Rge.Server.Serving;

/// <summary>From what was asked to embeddings: a place in the queue, images fetched, then the embedder, where overlapping requests share each step.</summary>
internal sealed class EmbeddingService(ModelHost host, EmbeddingQueue queue, ImageFetcher images, Telemetry telemetry)
{
    /// <summary>Embeds the items of a request.</summary>
    /// <exception cref="ApiException">There is no place, or an image cannot be fetched.</exception>
    public async Task<ReasoningEmbedding[]> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken)
    {
        var embedder = host.Model.Embedder;
        using var place = queue.Take(request.Items.Count);
        using var span = Telemetry.Begin(request.Items.Count);
        using var fetched = images.Begin();
        var inputs = await fetched.CompleteAsync(request.Items, cancellationToken);
        ReasoningEmbedding[] embeddings;
        try
        {
            embeddings = await embedder.EmbedAsync(inputs, Options(embedder, request.MaxRationaleTokens, request.Dimensions), cancellationToken);
        }
        catch (RgeException e) when (e.ItemIndex is { } index && request.Items.Count > 1)
        {
            throw ApiException.Invalid(e.Message, request.Items[index].Path, ApiErrors.CodeOf(e), e);
        }
        foreach (var (input, embedding) in inputs.Zip(embeddings)) telemetry.Count(input.Role, embedding);
        return embeddings;
    }

    /// <summary>Embeds the one item of a request and hands out its rationale as it is written.</summary>
    /// <inheritdoc cref="EmbedAsync" path="/exception"/>
    public async IAsyncEnumerable<RationaleUpdate> StreamAsync(EmbeddingRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var embedder = host.Model.Embedder;
        using var place = queue.Take(request.Items.Count);
        using var span = Telemetry.Begin(request.Items.Count);
        using var fetched = images.Begin();
        var input = (await fetched.CompleteAsync(request.Items, cancellationToken))[0];
        await foreach (var update in embedder.StreamAsync(input, Options(embedder, request.MaxRationaleTokens, request.Dimensions), cancellationToken))
        {
            if (update.Embedding is not null) telemetry.Count(input.Role, update.Embedding);
            yield return update;
        }
    }

    /// <summary>What a request asks for in the embedder's terms.</summary>
    public static ReasoningEmbeddingOptions Options(ReasoningEmbedder embedder, int? maxRationaleTokens, int? dimensions = null) => new()
    {
        Dimensions = dimensions,
        Generation = maxRationaleTokens is { } most ? embedder.Generation with { MaxRationaleTokens = most } : null,
    };
}
