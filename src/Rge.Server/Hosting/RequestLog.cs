using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Rge.Server.Hosting;

/// <summary>Middleware that logs a line a request: never what was asked, only what became of it.</summary>
internal sealed class RequestLog(RequestDelegate next, ILogger<RequestLog> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var start = Stopwatch.GetTimestamp();
        await next(context);
        var (request, level) = (context.Request, IsProbe(context) ? LogLevel.Debug : context.Response.StatusCode >= 500 ? LogLevel.Warning : LogLevel.Information);
        logger.Log(
            level, "{Method} {Path} {Status} in {Milliseconds:f1} ms", request.Method, request.Path.Value, context.Response.StatusCode, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    /// <summary>What machines ask every few seconds.</summary>
    private static bool IsProbe(HttpContext context) => context.Request.Path.Value is { } path && (path == "/metrics" || path.StartsWith("/health/", StringComparison.Ordinal));
}
