using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Endpoints;
using Scalar.AspNetCore;

namespace Rge.Server.Hosting;

/// <summary>The OpenAPI document and the page that shows it.</summary>
internal static class ReferenceEndpoints
{
    /// <summary>No other page may frame this one. What it runs comes from this server, but partly inside the page, so no more can be forbidden.</summary>
    private const string Policy = "object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

    private const string Document = "/openapi/v1.json", Page = "/reference";

    public static void MapReference(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapOpenApi(Document).AllowAnonymous().AlsoHead();
        // Nothing of the page comes from elsewhere, and nothing is sent there.
        endpoints.MapScalarApiReference(Page, options => options.WithTitle("Rge").WithOpenApiRoutePattern(Document).DisableDefaultFonts().DisableTelemetry().DisableAgent()).AllowAnonymous().AlsoHead()
            .Around((context, next) =>
            {
                context.Response.Headers.ContentSecurityPolicy = Policy;
                return next(context);
            });
    }
}
