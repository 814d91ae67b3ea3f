using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Answers;
using Rge.Server.Reference;
using Rge.Server.Serving;

namespace Rge.Server.Endpoints;

/// <summary>What orchestrators and monitoring ask.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/health/live", () => TypedResults.Ok(new HealthAnswer("live"))).Describe(EndpointReference.Live).AllowAnonymous();
        endpoints.MapGet("/health/ready", Ready).Describe(EndpointReference.Ready).AllowAnonymous();
        endpoints.MapPrometheusScrapingEndpoint("/metrics");
    }

    private static Results<Ok<HealthAnswer>, JsonHttpResult<HealthAnswer>> Ready(ModelHost host, EmbeddingQueue queue) =>
        queue.IsClosed ? NotReady("stopping")
        : !host.IsLoaded ? NotReady("loading")
        : TypedResults.Ok(new HealthAnswer("ready"));

    private static JsonHttpResult<HealthAnswer> NotReady(string status) => TypedResults.Json(new HealthAnswer(status), statusCode: StatusCodes.Status503ServiceUnavailable);
}
