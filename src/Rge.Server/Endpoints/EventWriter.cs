using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Rge.Server.Endpoints;

/// <summary>Writes Server-Sent Events, each sent at once.</summary>
internal sealed class EventWriter
{
    private readonly HttpResponse _response;
    private readonly JsonSerializerOptions _json;

    public EventWriter(HttpResponse response, JsonSerializerOptions json)
    {
        (_response, _json) = (response, json);
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        // Proxies of the nginx kind would otherwise collect the events.
        response.Headers["X-Accel-Buffering"] = "no";
    }

    /// <summary>Writes an event; its data are one line of JSON.</summary>
    public async Task WriteAsync<T>(string name, T data)
    {
        await _response.WriteAsync($"event: {name}\ndata: {JsonSerializer.Serialize(data, _json)}\n\n", _response.HttpContext.RequestAborted);
        await _response.Body.FlushAsync(_response.HttpContext.RequestAborted);
    }
}
