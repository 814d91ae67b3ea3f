using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Answers;
using Rge.Server.Reference;
using Rge.Server.Serving;

namespace Rge.Server.Endpoints;

/// <summary>The model, by all its names.</summary>
internal static class ModelEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/v1/models", Answer<ModelList> (ModelHost host) => new(new ModelList([.. host.Model.Names.Select(name => Entry(host.Model, name))])))
            .Describe(EndpointReference.Models);
        endpoints.MapGet("/v1/models/{**name}", Answer<ModelEntry> (string name, ModelHost host) =>
        {
            host.Model.Require(name);
            return new(Entry(host.Model, name));
        }).Describe(EndpointReference.Model);
    }

    private static ModelEntry Entry(ServedModel model, string name) => new(name, model.Loaded.ToUnixTimeSeconds(), model.Dimensions);
}
