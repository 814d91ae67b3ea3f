using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Scalar.AspNetCore;

namespace Rge.Server.Endpoints;

/// <summary>The OpenAPI document and the page that shows it.</summary>
internal static class ReferenceEndpoints
{
    private const string Document = "/openapi/v1.json", Page = "/reference";

    public static void MapReference(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapOpenApi(Document).AllowAnonymous();
        // Nothing of the page comes from elsewhere, and nothing is sent there.
        endpoints.MapScalarApiReference(Page, options => options.WithTitle("Rge").WithOpenApiRoutePattern(Document).DisableDefaultFonts().DisableTelemetry().DisableAgent()).AllowAnonymous();
    }
}
