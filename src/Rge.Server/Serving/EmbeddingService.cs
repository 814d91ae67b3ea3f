using System.Runtime.CompilerServices;
using Rge.Imaging;
using Rge.Server.Answers;
using Rge.Server.Errors;
using Rge.Server.Images;
using Rge.Server.Requests;

namespace Rge.Server.Serving;

/// <summary>
/// From what was asked to embeddings: admission, images fetched, then the embedder, where overlapping requests share each step.
/// </summary>
internal sealed class EmbeddingService(
    ModelHost host,
    AdmissionLimiter admission,
    ImageFetcher images,
    Telemetry telemetry,
    TimeProvider time
)
{
    /// <summary>Embeds the items of a request.</summary>
    /// <exception cref="ApiException">The server is full, or an image cannot be fetched.</exception>
    public async Task<EmbeddedRequest> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken)
    {
        var embedder = host.Model.Embedder;
        using var admitted = admission.Admit(request.Items.Count);
        using var span = Telemetry.Begin(Telemetry.Embed, request.Items.Count);
        using var fetched = images.Begin();
        var inputs = await fetched.CompleteAsync(request.Items, cancellationToken);
        ReasoningEmbedding[] embeddings;
        try
        {
            var options = Options(embedder, request.MaxRationaleTokens, request.Dimensions);
            embeddings = await embedder.EmbedAsync(inputs, options, cancellationToken);
        }
        catch (RgeException e) when (e is EmbeddingException or ImageInputException)
        {
            throw request.Items[e.ItemIndex ?? 0].Failure(e, request.Items.Count == 1, ApiErrors.CodeOf(e));
        }
        foreach (var (input, embedding) in inputs.Zip(embeddings))
            telemetry.Count(input.Role, embedding);
        return Result(request, embeddings);
    }

    /// <summary>Embeds the one item of a request and yields its rationale as it is written.</summary>
    /// <inheritdoc cref="EmbedAsync" path="/exception"/>
    public async IAsyncEnumerable<RationaleUpdate> StreamAsync(
        EmbeddingRequest request,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var embedder = host.Model.Embedder;
        using var admitted = admission.Admit(request.Items.Count);
        using var span = Telemetry.Begin(Telemetry.Embed, request.Items.Count);
        using var fetched = images.Begin();
        var input = (await fetched.CompleteAsync(request.Items, cancellationToken))[0];
        var updates = embedder.StreamAsync(input, Options(embedder, request.MaxRationaleTokens, request.Dimensions), cancellationToken);
        await foreach (var update in WithPlace(updates, request.Items[0]))
        {
            if (update.Embedding is not null)
                telemetry.Count(input.Role, update.Embedding);
            yield return update;
        }
    }

    /// <summary>The embeddings of a request, of which its format makes the answer.</summary>
    public EmbeddedRequest Result(EmbeddingRequest request, IReadOnlyList<ReasoningEmbedding> embeddings) =>
        new(request, embeddings, host.Model.Description, time.GetUtcNow());

    /// <summary>The updates of an item; a failure says the place of the item in its request.</summary>
    public static async IAsyncEnumerable<T> WithPlace<T>(IAsyncEnumerable<T> updates, RequestItem item)
    {
        await using var each = updates.GetAsyncEnumerator();
        while (true)
        {
            try
            {
                if (!await each.MoveNextAsync())
                    yield break;
            }
            catch (RgeException e) when (e is EmbeddingException or ImageInputException)
            {
                throw item.Failure(e, isOnly: true, ApiErrors.CodeOf(e));
            }
            yield return each.Current;
        }
    }

    /// <summary>What a request asks for in the embedder's terms.</summary>
    public static ReasoningEmbeddingOptions Options(ReasoningEmbedder embedder, int? maxRationaleTokens, int? dimensions = null) =>
        new()
        {
            Dimensions = dimensions,
            Generation = maxRationaleTokens is { } most ? embedder.Generation with { MaxRationaleTokens = most } : null,
        };
}
