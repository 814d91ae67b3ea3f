using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Rge.Files;
using Rge.Server.Answers;
using Rge.Server.Errors;

namespace Rge.Server.Hosting;

/// <summary>
/// Answers whatever goes wrong with an error object in the shape that the endpoint's clients read, and never with a stack.
/// </summary>
internal sealed class ErrorResponses(ApiErrors errors)
{
    /// <summary>The status that proxies use when the client has closed the connection; only the log sees it.</summary>
    private const int ClientClosedRequest = 499;

    /// <summary>Does what comes next.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        Harden(context.Response);
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null })
                await WriteAsync(context, OfStatus(context.Response.StatusCode, context.Request));
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            if (!context.Response.HasStarted)
                context.Response.StatusCode = ClientClosedRequest;
        }
        catch (Exception e)
        {
            var error = errors.Describe(e, context);
            if (context.Response.HasStarted)
                context.Abort();
            else
                await WriteAsync(context, error);
        }
    }

    /// <summary>Answers are what they say they are.</summary>
    private static void Harden(HttpResponse response) => response.Headers.XContentTypeOptions = "nosniff";

    private static Task WriteAsync(HttpContext context, ApiException error)
    {
        var response = context.Response;
        StringValues allow = response.Headers.Allow;
        response.Clear();
        Harden(response);
        response.StatusCode = error.Status;
        if (error.RetryAfter is { } wait)
            response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        if (error.Status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer";
        if (error.Status == StatusCodes.Status405MethodNotAllowed)
            response.Headers.Allow = allow;
        var answer = ApiErrors.Answer(error, context.GetEndpoint()?.Metadata.GetMetadata<ErrorFormat>());
        return response.WriteAsJsonAsync(answer, AnswerJson.Options, context.RequestAborted);
    }

    private static ApiException OfStatus(int status, HttpRequest request) =>
        status switch
        {
            StatusCodes.Status400BadRequest => new ApiException(
                status,
                $"{JsonField.Shorten(request.QueryString.ToString())} has a value that cannot be understood, expected whole numbers."
            )
            {
                Code = "invalid_value",
            },
            StatusCodes.Status404NotFound => new ApiException(
                status,
                $"There is nothing at {request.Path}; /reference lists what there is."
            )
            {
                Code = "not_found",
            },
            StatusCodes.Status405MethodNotAllowed => new ApiException(status, $"{request.Path} does not take {request.Method}.")
            {
                Code = "method_not_allowed",
            },
            StatusCodes.Status415UnsupportedMediaType => new ApiException(
                status,
                $"{request.Path} does not take the content type '{request.ContentType}'."
            )
            {
                Code = "unsupported_media_type",
            },
            _ => new ApiException(status, $"The request was refused with status {status}."),
        };
}
