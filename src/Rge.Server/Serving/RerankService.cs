using Rge.Imaging;
using Rge.Server.Errors;
using Rge.Server.Images;
using Rge.Server.Requests;

namespace Rge.Server.Serving;

/// <summary>From a query and documents to scores: admission, images fetched, then the reranker.</summary>
internal sealed class RerankService(ModelHost host, AdmissionLimiter admission, ImageFetcher images, Telemetry telemetry)
{
    /// <summary>Scores documents.</summary>
    /// <param name="items">The query, then the documents.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>A score for each document, in their order.</returns>
    /// <exception cref="ApiException">The server is full, or an item cannot be used.</exception>
    public async Task<RerankResult[]> ScoreAsync(IReadOnlyList<RequestItem> items, CancellationToken cancellationToken)
    {
        var reranker = host.Model.Reranker!.Reranker;
        using var admitted = admission.Admit(items.Count - 1);
        using var span = Telemetry.Begin(Telemetry.Rerank, items.Count - 1);
        using var fetched = images.Begin();
        var inputs = await fetched.CompleteAsync(items, cancellationToken);
        try
        {
            var results = await reranker.ScoreAsync(inputs[0], [.. inputs.Skip(1)], cancellationToken: cancellationToken);
            foreach (var result in results)
                telemetry.Count(result);
            return results;
        }
        catch (RgeException e) when (e is EmbeddingException or ImageInputException)
        {
            // An error without an index is the query's.
            throw items[e.ItemIndex + 1 ?? 0].Failure(e, isOnly: false, ApiErrors.CodeOf(e));
        }
    }
}
