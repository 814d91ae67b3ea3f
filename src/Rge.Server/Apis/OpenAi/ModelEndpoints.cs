using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Answers;
using Rge.Server.Endpoints;
using Rge.Server.Serving;

namespace Rge.Server.Apis.OpenAi;

/// <summary>The model, by all its names: <c>GET /v1/models</c>.</summary>
internal static class ModelEndpoints
{
    public static EndpointReference ListReference { get; } =
        new("Models", "The model, by all its names", "What requests may name in `model`.");

    public static EndpointReference Reference { get; } = new("Models", "The model by a name", "404 for names of other models.");

    public static void MapModels(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/v1/models", List).Describe(ListReference);
        endpoints.MapGet("/v1/models/{**name}", Get).Describe(Reference);
    }

    private static Answer<ModelList> List(ModelHost host)
    {
        var model = host.Model;
        return new(new ModelList([.. model.Description.Names.Select(name => Entry(model, name))]));
    }

    private static Answer<ModelEntry> Get(string name, ModelHost host)
    {
        var model = host.Model;
        model.Description.Require(name);
        return new(Entry(model, name));
    }

    private static ModelEntry Entry(ServedModel model, string name) =>
        new(name, model.Loaded.ToUnixTimeSeconds(), model.Description.Dimensions);
}
