using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
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
        endpoints.MapGet("/health/live", () => new Answer<HealthAnswer>(new HealthAnswer("live"))).Describe(EndpointReference.Live).AllowAnonymous();
        endpoints.MapGet("/health/ready", Ready).Describe(EndpointReference.Ready).Produces<HealthAnswer>(StatusCodes.Status503ServiceUnavailable).AllowAnonymous();
    }

    private static Answer<HealthAnswer> Ready(ModelHost host, EmbeddingQueue queue, QueueDrain drain, StoreHealth store)
    {
        var problem = drain.HasBegun || queue.IsClosed ? "stopping"
            : host.HasFailed ? "model_failed"
            : !host.IsLoaded ? "loading"
            : !store.IsReachable ? "store_unreachable"
            : null;
        return new Answer<HealthAnswer>(new HealthAnswer(problem ?? "ready"), problem is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
