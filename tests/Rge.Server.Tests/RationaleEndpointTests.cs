using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json.Nodes;

namespace Rge.Server.Tests;

public sealed class RationaleEndpointTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Text = "the red circle above a blue square";

    private readonly TestServer _server = fixture.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pieces_of_text_come_before_the_embedding_and_are_the_rationale()
    {
        var events = await StreamAsync($$"""{"input":"{{Text}}","stream":true}""");
        Assert.True(events.Count > 2);
        Assert.All(events.SkipLast(1), item => Assert.Equal("rationale", item.Type));
        var (type, last) = events[^1];
        Assert.Equal("embedding", type);
        var own = await _server.Embedder.EmbedAsync(EmbeddingInput.Query(Text), cancellationToken: Cancellation);
        Assert.Equal(own.Rationale, string.Concat(events.SkipLast(1).Select(item => (string)item.Data["text"]!)));
        Assert.Equal(own.Rationale, (string?)last["rationale"]);
        Assert.Equal("emb", (string?)last["rationale_end"]);
        Vectors.Same(Vectors.Floats(last["embedding"]), own.Vector);
        Assert.Equal(own.WrittenTokens, (int)last["usage"]!["rationale_tokens"]!);
        Assert.True((double)last["timings"]!["decoding_ms"]! > 0);
    }

    [Fact]
    public async Task Without_stream_the_last_event_is_the_answer()
    {
        var answer = await _server.PostAsync(
            "/v1/rationales",
            $$"""{"input":"{{Text}}","max_rationale_tokens":2,"dimensions":16}""",
            Cancellation
        );
        Assert.Equal("budget", (string?)answer["rationale_end"]);
        Assert.Equal(16, answer["embedding"]!.AsArray().Count);
        Assert.Equal(
            "none",
            (string?)
                (await _server.PostAsync("/v1/rationales", $$"""{"input":"{{Text}}","reasoning":"off"}""", Cancellation))["rationale_end"]
        );
    }

    [Fact]
    public async Task A_given_rationale_is_read_instead_of_written()
    {
        var answer = await _server.PostAsync("/v1/rationales", $$"""{"input":"{{Text}}","rationale":"a red circle"}""", Cancellation);
        var own = await _server.Embedder.EmbedAsync(
            EmbeddingInput.Query(Text) with
            {
                Rationale = "a red circle",
            },
            cancellationToken: Cancellation
        );
        Assert.Equal(("a red circle", 0), ((string?)answer["rationale"], (int)answer["usage"]!["rationale_tokens"]!));
        Vectors.Same(Vectors.Floats(answer["embedding"]), own.Vector);
        Vectors.Different(
            own.Vector,
            Vectors.Floats(
                (await _server.PostAsync("/v1/rationales", $$"""{"input":"{{Text}}","rationale":"a blue square"}""", Cancellation))[
                    "embedding"
                ]
            )
        );
    }

    [Fact]
    public async Task What_is_wrong_is_told_by_the_status_even_when_streaming()
    {
        Assert.Contains(
            "not valid base64",
            (await _server.ErrorAsync("/v1/rationales", """{"input":[{"image":"data:image/png;base64,@"}],"stream":true}""", 400)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "input[0].image",
            (await _server.ErrorAsync("/v1/rationales", """{"input":[{"image":"AAAA"}],"stream":true}""", 400)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "2 items, expected one",
            (await _server.ErrorAsync("/v1/rationales", """{"input":["a","b"],"stream":true}""", 400)).Message,
            StringComparison.Ordinal
        );
    }

    private async Task<List<(string Type, JsonNode Data)>> StreamAsync(string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/rationales")
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        using var response = await _server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        await using var stream = await response.Content.ReadAsStreamAsync(Cancellation);
        var events = new List<(string, JsonNode)>();
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(Cancellation))
            events.Add((item.EventType, JsonNode.Parse(item.Data)!));
        return events;
    }
}
