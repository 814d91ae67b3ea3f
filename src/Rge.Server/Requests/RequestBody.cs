using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Rge.Files;
using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>Reads the JSON of a request.</summary>
internal static class RequestBody
{
    private const int MaxDepth = 32;

    /// <summary>Bytes read at once: short of what the garbage collector treats as large.</summary>
    private const int FirstPart = 4 << 10,
        Part = 64 << 10;

    /// <summary>Reads the body, and converts it to the request before the JSON is freed.</summary>
    /// <exception cref="ApiException">The body is not JSON, or says something that cannot be understood.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, Func<JsonField, T> read)
    {
        if (!request.HasJsonContentType())
        {
            throw new ApiException(
                StatusCodes.Status415UnsupportedMediaType,
                $"The content type is '{request.ContentType}', expected application/json."
            )
            {
                Code = "unsupported_media_type",
            };
        }
        using var document = Parse(await ReadAsync(request.Body, request.HttpContext.RequestAborted));
        request.HttpContext.RequestAborted.ThrowIfCancellationRequested();
        return read(new JsonField(document.RootElement, RequestJsonErrors.Instance));
    }

    /// <summary>Reads JSON that stands somewhere else than in a body.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="path">Its place, for errors.</param>
    /// <param name="read">Turns it into what is asked.</param>
    /// <inheritdoc cref="ReadAsync{T}" path="/exception"/>
    public static T Read<T>(ReadOnlyMemory<byte> json, string path, Func<JsonField, T> read)
    {
        using var document = Parse(json, path);
        return read(new JsonField(document.RootElement, RequestJsonErrors.Instance, path));
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json, string path = "")
    {
        try
        {
            return JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            var problem = e is JsonException { LineNumber: { } line, BytePositionInLine: { } position }
                ? $"is not valid JSON at line {line + 1}, byte {position + 1}"
                : "is not valid JSON, or names a member twice";
            throw ApiException.Invalid(
                $"{(path.Length == 0 ? "The body" : path)} {problem}.",
                path.Length == 0 ? null : path,
                "invalid_json",
                e
            );
        }
    }

    /// <summary>
    /// Reads all there is, in small parts while it arrives: a body that never ends holds what was sent of it and no more.
    /// </summary>
    private static async Task<ReadOnlyMemory<byte>> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        var (parts, last, total) = (new List<byte[]>(), 0, 0);
        for (var size = FirstPart; ; size = Part)
        {
            var part = new byte[size];
            last = await body.ReadAtLeastAsync(part, size, throwOnEndOfStream: false, cancellationToken);
            parts.Add(part);
            total += last;
            if (last < size)
                break;
        }
        byte[] whole = parts[0];
        if (parts.Count > 1)
        {
            whole = new byte[total];
            var at = 0;
            foreach (var part in parts)
            {
                var count = Math.Min(part.Length, total - at);
                part.AsSpan(0, count).CopyTo(whole.AsSpan(at));
                at += count;
            }
        }
        var text = whole.AsMemory(0, total);
        return text.Span.StartsWith("\uFEFF"u8) ? text[3..] : text;
    }
}
