using System.Net;
using Microsoft.AspNetCore.Http;
using Rge.Server.Errors;

namespace Rge.Server.Hosting;

/// <summary>
/// Middleware for a server that asks for no key: keeps web pages from using the browsers of those who may reach it. A page that sends
/// requests here from elsewhere is known by its origin; one whose host name was made to point here (DNS rebinding) by that name, where the
/// server listens on its own machine alone and so has no name but that.
/// </summary>
internal sealed class BrowserGuard(RequestDelegate next, ServerOptions options)
{
    private readonly bool _isLocal = options.Urls.All(url => IsLocal(BindingAddress.Parse(url).Host));

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (_isLocal && !IsKnown(request.Host.Host))
            throw Refused(
                $"This server does not answer as '{request.Host.Host}': it listens on its own machine alone. Name the host in the "
                    + "setting host_names, or have the server ask for a key.",
                "unknown_host"
            );
        // More than one is no browser's; none of them is to be believed.
        if (
            request.Headers.Origin is { Count: > 0 } origins
            && !(
                origins is [{ } origin]
                && Uri.TryCreate(origin, UriKind.Absolute, out var page)
                && page.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase)
            )
        )
            throw Refused("Without a key this server answers no web pages but its own.", "foreign_origin");
        return next(context);
    }

    private bool IsKnown(string host) =>
        IsLocal(host)
        || IPAddress.TryParse(host.Trim('[', ']'), out _)
        || host.Equals(Environment.MachineName, StringComparison.OrdinalIgnoreCase)
        || options.HostNames.Contains(host, StringComparer.OrdinalIgnoreCase);

    private static bool IsLocal(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static ApiException Refused(string message, string code) => new(StatusCodes.Status403Forbidden, message) { Code = code };
}
