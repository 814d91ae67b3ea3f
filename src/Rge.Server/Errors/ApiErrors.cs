using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.VectorData;
using Rge.Imaging;
using Rge.Search;
using Rge.Search.Stores;

namespace Rge.Server.Errors;

/// <summary>Converts exceptions to the errors that a client receives.</summary>
internal sealed class ApiErrors(StoreFailures failures, ILogger<ApiErrors> logger)
{
    /// <summary>The error for the client. What is no request's fault goes to the log, in full.</summary>
    public ApiException Describe(Exception error, HttpContext context)
    {
        switch (error)
        {
            case ApiException known:
                return known;
            case EmbeddingException or ImageInputException:
                return ApiException.Invalid(error.Message, param: null, CodeOf(error), error);
            case SearchException:
                return ApiException.Invalid(error.Message, param: null, innerException: error);
            case StoreException { Problem: StoreProblem.Full }:
                failures.Add();
                logger.LogError(error, "The store has no room for the request {TraceIdentifier}.", context.TraceIdentifier);
                return new ApiException(
                    StatusCodes.Status507InsufficientStorage,
                    "The disk of the store of collections is full; nothing more can be stored until there is room. Searches still work.",
                    error
                )
                {
                    Code = "store_full",
                };
            case StoreException { Problem: StoreProblem.ReadOnly }:
                failures.Add();
                logger.LogError(error, "The store took nothing of the request {TraceIdentifier}.", context.TraceIdentifier);
                return new ApiException(
                    StatusCodes.Status503ServiceUnavailable,
                    "The store of collections can be read only; nothing can be stored until that has changed. Searches still work.",
                    error
                )
                {
                    Code = "store_read_only",
                };
            case StoreException { Problem: StoreProblem.Damaged }:
                failures.Add();
                logger.LogError(error, "The store was found damaged by the request {TraceIdentifier}.", context.TraceIdentifier);
                return new ApiException(
                    StatusCodes.Status500InternalServerError,
                    $"The store of collections is damaged; the server's log says where under {context.TraceIdentifier}.",
                    error
                )
                {
                    Code = "store_damaged",
                };
            case StoreException { Problem: StoreProblem.Gone or StoreProblem.TooNew } lost:
                failures.Add();
                logger.LogError(error, "The store cannot be used for the request {TraceIdentifier}.", context.TraceIdentifier);
                return new ApiException(
                    StatusCodes.Status503ServiceUnavailable,
                    lost.Problem == StoreProblem.Gone
                        ? "The file of the store of collections was deleted or replaced; it cannot be used until the server is restarted."
                        : "The store of collections is of a newer version; it cannot be used until the server is updated.",
                    error
                )
                {
                    Code = "store_unavailable",
                };
            case VectorStoreException:
                failures.Add();
                logger.LogError(error, "The store has failed the request {TraceIdentifier}.", context.TraceIdentifier);
                return new ApiException(
                    StatusCodes.Status503ServiceUnavailable,
                    "The store of collections cannot be used now; ask again later.",
                    error
                )
                {
                    Code = "store_unavailable",
                    RetryAfter = TimeSpan.FromSeconds(1),
                };
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return new ApiException(
                    StatusCodes.Status413PayloadTooLarge,
                    "The body is larger than this server takes; send fewer or smaller items.",
                    error
                )
                {
                    Code = "body_too_large",
                };
            case BadHttpRequestException bad:
                return new ApiException(bad.StatusCode, "The request is not valid HTTP, or its body ended early.", error)
                {
                    Code = "bad_request",
                };
            default:
                logger.LogError(error, "The request {TraceIdentifier} has failed.", context.TraceIdentifier);
                return new ApiException(
                    StatusCodes.Status500InternalServerError,
                    $"The server has failed; its log says more under {context.TraceIdentifier}.",
                    error
                )
                {
                    Code = "internal_error",
                };
        }
    }

    /// <summary>The error as it is sent.</summary>
    /// <param name="error">The error.</param>
    /// <param name="format">What the clients of the endpoint look for.</param>
    public static ErrorAnswer Answer(ApiException error, ErrorFormat? format = null)
    {
        var answer = new ErrorAnswer(new ErrorDetails(error.Message, TypeOf(error.Status), error.Param, error.Code));
        return format is null ? answer : format.Complete(answer);
    }

    /// <summary>The name of what is wrong with an item.</summary>
    public static string CodeOf(Exception error) => error is ImageInputException ? "invalid_image" : "invalid_input";

    private static string TypeOf(int status) =>
        status switch
        {
            StatusCodes.Status401Unauthorized => "authentication_error",
            StatusCodes.Status403Forbidden => "permission_error",
            StatusCodes.Status404NotFound => "not_found_error",
            StatusCodes.Status429TooManyRequests => "rate_limit_error",
            >= 500 => "server_error",
            _ => "invalid_request_error",
        };
}
