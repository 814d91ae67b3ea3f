using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Rge.Server.Answers;
using Rge.Server.Serving;

namespace Rge.Server.Endpoints;

/// <summary>Writes Server-Sent Events, each sent at once.</summary>
internal sealed class EventWriter
{
    private readonly HttpResponse _response;

    private EventWriter(HttpResponse response)
    {
        _response = response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        // Proxies of the nginx kind would otherwise collect the events.
        response.Headers["X-Accel-Buffering"] = "no";
    }

    /// <summary>Answers with an event for each update. What is wrong with a request shows before its first one, and is answered like any error; later it is an event <c>error</c>.</summary>
    public static async Task<IResult> StreamAsync<T>(HttpContext context, ApiErrors errors, IAsyncEnumerable<T> updates, Func<EventWriter, T, Task> write)
    {
        await using var each = updates.GetAsyncEnumerator(context.RequestAborted);
        var more = await each.MoveNextAsync();
        var events = new EventWriter(context.Response);
        try
        {
            for (; more; more = await each.MoveNextAsync()) await write(events, each.Current);
        }
        catch (Exception e) when (!context.RequestAborted.IsCancellationRequested)
        {
            await events.WriteAsync("error", ApiErrors.Answer(errors.Describe(e, context)));
        }
        return TypedResults.Empty;
    }

    /// <summary>Writes an event; its data are one line of JSON.</summary>
    public async Task WriteAsync<T>(string name, T data)
    {
        await _response.WriteAsync($"event: {name}\ndata: {JsonSerializer.Serialize(data, AnswerJson.Options)}\n\n", _response.HttpContext.RequestAborted);
        await _response.Body.FlushAsync(_response.HttpContext.RequestAborted);
    }
}
