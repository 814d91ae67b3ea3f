using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Rge.Server.Serving;

/// <summary>Middleware that answers whatever goes wrong with OpenAI's error object, and never with a stack.</summary>
internal sealed class ErrorResponses(RequestDelegate next, ApiErrors errors)
{
    /// <summary>The status that proxies use when the client went away; nobody reads it but the log.</summary>
    private const int ClientClosedRequest = 499;

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null })
                await WriteAsync(context, OfStatus(context.Response.StatusCode, context.Request));
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            if (!context.Response.HasStarted) context.Response.StatusCode = ClientClosedRequest;
        }
        catch (Exception e)
        {
            var error = errors.Describe(e, context);
            if (context.Response.HasStarted) context.Abort();
            else await WriteAsync(context, error);
        }
    }

    private static Task WriteAsync(HttpContext context, ApiException error)
    {
        var response = context.Response;
        response.Clear();
        response.StatusCode = error.Status;
        if (error.RetryAfter is { } wait) response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        if (error.Status == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = "Bearer";
        return response.WriteAsJsonAsync(ApiErrors.Answer(error), context.RequestAborted);
    }

    private static ApiException OfStatus(int status, HttpRequest request) => status switch
    {
        StatusCodes.Status400BadRequest => new ApiException(status, $"{request.QueryString} has a value that cannot be understood, expected whole numbers.") { Code = "invalid_value" },
        StatusCodes.Status404NotFound => new ApiException(status, $"There is nothing at {request.Path}; /reference lists what there is.") { Code = "not_found" },
        StatusCodes.Status405MethodNotAllowed => new ApiException(status, $"{request.Path} does not take {request.Method}.") { Code = "method_not_allowed" },
        _ => new ApiException(status, $"The request was refused with status {status}."),
    };
}
