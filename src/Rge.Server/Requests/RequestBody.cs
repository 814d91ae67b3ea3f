using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Rge.Server.Requests;

/// <summary>Reads the JSON of a request.</summary>
internal static class RequestBody
{
    private const int MaxDepth = 32;

    /// <summary>Reads the body, and turns it into what is asked before the JSON is let go.</summary>
    /// <exception cref="ApiException">The body is not JSON, or says something that cannot be understood.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, Func<JsonField, T> read)
    {
        if (!request.HasJsonContentType())
        {
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, $"The content type is '{request.ContentType}', expected application/json.")
            {
                Code = "unsupported_media_type",
            };
        }
        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(request.Body, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false }, request.HttpContext.RequestAborted);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            var problem = e is JsonException { LineNumber: { } line, BytePositionInLine: { } position } ? $"is not valid JSON at line {line + 1}, byte {position + 1}" : "is not valid JSON, or names a member twice";
            throw ApiException.Invalid($"The body {problem}.", param: null, "invalid_json", e);
        }
        using (document) return read(new JsonField(document.RootElement, ""));
    }
}
