using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Answers;
using Rge.Server.Endpoints;
using Rge.Server.Serving;

namespace Rge.Server.Apis.OpenAi;

/// <summary>The model and the reranker, by all their names: <c>GET /v1/models</c>.</summary>
internal static class ModelEndpoints
{
    public static EndpointReference ListReference { get; } =
        new("Models", "The model and the reranker, by all their names", "What requests may name in `model`.");

    public static EndpointReference Reference { get; } = new("Models", "The model by a name", "404 for names of other models.");

    public static void MapModels(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/v1/models", List).Describe(ListReference);
        endpoints.MapGet("/v1/models/{**name}", Get).Describe(Reference);
    }

    private static Answer<ModelList> List(ModelHost host)
    {
        var model = host.Model;
        return new(new ModelList([.. Names(model).Select(name => Entry(model, name))]));
    }

    private static Answer<ModelEntry> Get(string name, ModelHost host)
    {
        var model = host.Model;
        (model.Description with { Names = [.. Names(model)] }).Require(name);
        return new(Entry(model, name));
    }

    /// <summary>The names of the model, then those of the reranker that the model does not have.</summary>
    private static IEnumerable<string> Names(ServedModel model) =>
        model.Description.Names.Union(model.Reranker?.Description.Names ?? [], StringComparer.Ordinal);

    private static ModelEntry Entry(ServedModel model, string name) =>
        new(
            name,
            model.Loaded.ToUnixTimeSeconds(),
            model.Description.Names.Contains(name, StringComparer.Ordinal) ? model.Description.Dimensions : null
        );
}
