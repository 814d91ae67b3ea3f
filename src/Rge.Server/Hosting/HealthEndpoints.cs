using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Answers;
using Rge.Server.Collections;
using Rge.Server.Endpoints;
using Rge.Server.Serving;

namespace Rge.Server.Hosting;

/// <summary>What orchestrators and monitoring ask.</summary>
internal static class HealthEndpoints
{
    public static EndpointReference LiveReference { get; } =
        new("Health", "Whether the process is alive", "200 as long as it answers.") { Query = null };

    public static EndpointReference ReadyReference { get; } =
        new(
            "Health",
            "Whether requests are taken",
            "503 while the model is loaded, while the store of collections does not answer, and after shutdown has begun; `status` "
                + "says which."
        )
        {
            Query = null,
        };

    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/health/live", () => new Answer<HealthAnswer>(new HealthAnswer("live"))).Describe(LiveReference).AllowAnonymous();
        endpoints
            .MapGet("/health/ready", Ready)
            .Describe(ReadyReference)
            .Produces<HealthAnswer>(StatusCodes.Status503ServiceUnavailable)
            .AllowAnonymous();
    }

    private static Answer<HealthAnswer> Ready(ModelHost host, AdmissionLimiter admission, GracefulShutdown shutdown, StoreHealth store)
    {
        var problem =
            shutdown.HasBegun || admission.IsClosed ? "stopping"
            : host.HasFailed ? "model_failed"
            : !host.IsLoaded ? "loading"
            : !store.IsReachable ? "store_unreachable"
            : null;
        return new(
            new HealthAnswer(problem ?? "ready"),
            problem is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable
        );
    }
}
