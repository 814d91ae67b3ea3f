using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Rge.Server.Answers;
using Rge.Server.Errors;

namespace Rge.Server.Tests;

/// <summary>Server-Sent Events as they are written.</summary>
public sealed class EventStreamTests
{
    private static readonly ApiErrors Errors = new(new StoreFailures(), NullLogger<ApiErrors>.Instance);

    [Fact]
    public async Task An_event_has_a_name_and_a_line_of_json()
    {
        var (type, text) = await WriteAsync(["a\nb", "„é<“"]);
        Assert.Equal("text/event-stream", type);
        Assert.Equal("event: rationale\ndata: {\"text\":\"a\\nb\"}\n\nevent: rationale\ndata: {\"text\":\"„é<“\"}\n\n", text);
    }

    [Fact]
    public async Task What_goes_wrong_later_is_the_last_event()
    {
        var (_, text) = await WriteAsync(["a", null, "b"]);
        Assert.Equal(
            "event: rationale\ndata: {\"text\":\"a\"}\n\n" +
            "event: error\ndata: {\"error\":{\"message\":\"No.\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"invalid_value\"}}\n\n",
            text);
    }

    [Fact]
    public async Task What_goes_wrong_first_is_no_event() =>
        Assert.Equal("No.", (await Assert.ThrowsAsync<ApiException>(() => WriteAsync([null]))).Message);

    [Fact]
    public async Task Without_updates_nothing_is_written() => Assert.Equal("", (await WriteAsync([])).Text);

    private static async Task<(string? Type, string Text)> WriteAsync(IEnumerable<string?> updates)
    {
        using var services = new ServiceCollection().BuildServiceProvider();
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { RequestServices = services, Response = { Body = body } };
        var result = await EventStream.AnswerAsync(context, Errors, Yield(updates), text => EventStream.Event("rationale", new RationaleText(text)));
        await result.ExecuteAsync(context);
        return (context.Response.ContentType, Encoding.UTF8.GetString(body.ToArray()));
    }

    private static async IAsyncEnumerable<string> Yield(IEnumerable<string?> updates)
    {
        foreach (var update in updates)
        {
            await Task.Yield();
            yield return update ?? throw ApiException.Invalid("No.", param: null);
        }
    }
}
