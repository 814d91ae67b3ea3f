using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Endpoints;

namespace Rge.Server.Page;

/// <summary>The page to search with: three files that are part of the program.</summary>
internal static class PageEndpoints
{
    /// <summary>Nothing but what this server sends is run or loaded, and no other page may frame it.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self' data:; "
        + "form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

    public static void MapPage(this IEndpointRouteBuilder endpoints)
    {
        Map(endpoints, "/", "index.html", "text/html");
        Map(endpoints, "/page.css", "page.css", "text/css");
        Map(endpoints, "/page.js", "page.js", "text/javascript");
    }

    private static void Map(IEndpointRouteBuilder endpoints, string path, string file, string type)
    {
        var content = Read(file);
        endpoints.MapGet(path, (HttpContext context) => Answer(context, content, type)).ExcludeFromDescription().AllowAnonymous().AlsoHead();
    }

    private static IResult Answer(HttpContext context, byte[] content, string type)
    {
        // Below a prefix the page is reached without its last slash, too, and would look for its files in the wrong place.
        var request = context.Request;
        if (type == "text/html" && request.Path.Value is { Length: > 0 } path && path[^1] != '/')
            return TypedResults.LocalRedirect($"~{path}/{request.QueryString}");
        var headers = context.Response.Headers;
        (headers.ContentSecurityPolicy, headers.XContentTypeOptions) = (Policy, "nosniff");
        (headers["Referrer-Policy"], headers.CacheControl) = ("no-referrer", "no-cache");
        return TypedResults.Bytes(content, $"{type}; charset=utf-8");
    }

    private static byte[] Read(string file)
    {
        using var stream = typeof(PageEndpoints).Assembly.GetManifestResourceStream($"Page/{file}")!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
