using Microsoft.AspNetCore.Http;

namespace Rge.Server.Errors;

/// <summary>A request cannot be answered; the message is what the client reads.</summary>
internal sealed class ApiException(int status, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>The place in the request that the error is about.</summary>
    public string? Param { get; init; }

    /// <summary>A name for programs to tell errors apart.</summary>
    public string? Code { get; init; }

    /// <summary>When asking again may help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The request itself is wrong.</summary>
    public static ApiException Invalid(string message, string? param, string code = "invalid_value", Exception? innerException = null) =>
        new(StatusCodes.Status400BadRequest, message, innerException) { Param = param, Code = code };
}
