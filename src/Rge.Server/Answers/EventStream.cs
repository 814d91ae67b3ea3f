using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Rge.Server.Errors;

namespace Rge.Server.Answers;

/// <summary>Answers in Server-Sent Events, each sent at once; the data of an event are one line of JSON.</summary>
internal static class EventStream
{
    /// <summary>
    /// Answers with an event for each update. What is wrong with a request shows before its first one, and is answered like any error; later
    /// it is an event <c>error</c>.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="errors">Describes what goes wrong.</param>
    /// <param name="updates">The updates.</param>
    /// <param name="toEvent">Makes an event of an update.</param>
    public static async Task<IResult> AnswerAsync<T>(
        HttpContext context, ApiErrors errors, IAsyncEnumerable<T> updates, Func<T, SseItem<string>> toEvent)
    {
        var each = updates.GetAsyncEnumerator(context.RequestAborted);
        context.Response.RegisterForDisposeAsync(each);
        var any = await each.MoveNextAsync();
        // Proxies of the nginx kind would otherwise collect the events.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        return TypedResults.ServerSentEvents(EventsAsync());

        async IAsyncEnumerable<SseItem<string>> EventsAsync()
        {
            for (var more = any; more;)
            {
                yield return toEvent(each.Current);
                SseItem<string>? failed = null;
                try
                {
                    more = await each.MoveNextAsync();
                }
                catch (Exception e) when (!context.RequestAborted.IsCancellationRequested)
                {
                    failed = Event("error", ApiErrors.Answer(errors.Describe(e, context)));
                }
                if (failed is not { } last) continue;
                yield return last;
                yield break;
            }
        }
    }

    /// <summary>An event.</summary>
    public static SseItem<string> Event<T>(string name, T data) => new(JsonSerializer.Serialize(data, AnswerJson.Options), name);
}
