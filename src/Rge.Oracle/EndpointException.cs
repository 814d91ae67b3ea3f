using System.ClientModel;
using System.Globalization;
using System.Text.Json;

namespace Rge.Oracle;

/// <summary>A request to an endpoint failed.</summary>
internal sealed class EndpointException(string message, FaultKind kind, Exception? inner = null) : Exception(message, inner)
{
    private const int MaxMessage = 300;

    public FaultKind Kind { get; } = kind;

    /// <summary>The pause that the endpoint asks for.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>Reads what went wrong out of what the client throws.</summary>
    /// <param name="error">The client's exception.</param>
    /// <param name="now">The time, for pauses that end at a time of day.</param>
    public static EndpointException From(Exception error, DateTimeOffset now)
    {
        if (error is ClientResultException { Status: > 0 } refused)
            return OfStatus(refused, now);
        if (error is ClientResultException or HttpRequestException)
            return new EndpointException(
                Short((error.InnerException as HttpRequestException ?? error).Message),
                FaultKind.Unreachable,
                error
            );
        return new EndpointException($"the answer cannot be understood: {Short(error.Message)}", FaultKind.Transient, error);
    }

    private static EndpointException OfStatus(ClientResultException error, DateTimeOffset now)
    {
        var (message, code) = Body(error);
        var kind = (error.Status, code) switch
        {
            (_, "insufficient_quota") => FaultKind.Fatal,
            (400 or 403, "content_filter" or "content_policy_violation") => FaultKind.Forbidden,
            (400 or 413 or 422, _) => FaultKind.Request,
            (408 or 409 or 425 or 429 or >= 500, _) => FaultKind.Transient,
            _ => FaultKind.Fatal,
        };
        return new EndpointException($"HTTP {error.Status}{(message.Length > 0 ? $": {message}" : "")}", kind, error)
        {
            RetryAfter = Pause(error, now),
        };
    }

    /// <summary>
    /// Message and code of an error: {"error": {"message": …, "code": …}} as OpenAI has it, {"error": …}, {"message": …} or {"detail": …}
    /// as others.
    /// </summary>
    private static (string Message, string? Code) Body(ClientResultException refused)
    {
        var text = refused.GetRawResponse()?.Content.ToString() ?? "";
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement is not { ValueKind: JsonValueKind.Object } body)
                return (Short(text), null);
            var details = body.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object ? error : body;
            return (Short(First(details, "message", "error", "detail") ?? text), First(details, "code", "type"));
        }
        // JSON that breaks off, and half of a surrogate pair, which is noticed when a string is asked for and not before.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (Short(text), null);
        }
    }

    /// <summary>The first of the members that is there and not null.</summary>
    private static string? First(JsonElement details, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (details.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null)
                return value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText();
        return null;
    }

    private static TimeSpan? Pause(ClientResultException error, DateTimeOffset now)
    {
        if (error.GetRawResponse()?.Headers.TryGetValue("Retry-After", out var value) != true)
            return null;
        TimeSpan? pause =
            double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and < 1e9
                ? TimeSpan.FromSeconds(seconds)
            : DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, out var end) ? end - now
            : null;
        return pause is { Ticks: < 0 } ? TimeSpan.Zero : pause;
    }

    private static string Short(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= MaxMessage ? line : line[..MaxMessage] + "…";
    }
}
