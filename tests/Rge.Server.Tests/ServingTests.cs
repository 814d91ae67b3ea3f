using System.Diagnostics;
using System.Net;
using System.Text;
using Rge.Text;

namespace Rge.Server.Tests;

/// <summary>The queue, cancelling, starting and stopping, what is measured.</summary>
public sealed class ServingTests
{
    private const string Path = "/v1/embeddings";
    private const string Quick = """{"input":"a red circle","reasoning":"off"}""";

    /// <summary>Rationales of this server never end, so that work continues until it is stopped.</summary>
    private const int Endless = 30_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_queue_answers_429_with_the_time_to_wait()
    {
        await using var server = await TestServer.StartAsync(
            new ServerOptions
            {
                Limits = new ServerLimits { MaxItems = 4, MaxQueuedItems = 4 },
            }
        );
        using (server.Admission.Admit(3))
        {
            await server.PostAsync(Path, Quick, Cancellation);
            var error = await server.ErrorAsync(Path, """{"input":["a","b"],"reasoning":"off"}""", 429);
            Assert.Equal(("rate_limit_error", "queue_full"), (error.Type, error.Code));
            Assert.True(error.RetryAfter >= TimeSpan.FromSeconds(1));
            Assert.Equal(429, (await server.ErrorAsync("/v2/embed", """{"texts":["a","b"]}""", 429)).Status);
        }
        await server.PostAsync(Path, """{"input":["a","b","c","d"],"reasoning":"off"}""", Cancellation);
    }

    [Fact]
    public async Task Clients_that_go_away_free_their_rows()
    {
        await using var server = await TestServer.StartAsync(load: LoadEndless);
        using var gone = new CancellationTokenSource();
        var asked = Enumerable
            .Range(0, 6)
            .Select(i => server.SendAsync(Path, $$"""{"input":["question {{i}}","another"]}""", gone.Token))
            .ToArray();
        await server.UntilQueuedAsync(12);
        await gone.CancelAsync();
        foreach (var request in asked)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await server.UntilQueuedAsync(0);

        // One that reads along and stops.
        using (
            var request = new HttpRequestMessage(HttpMethod.Post, "/v1/rationales")
            {
                Content = new StringContent("""{"input":"a red circle","stream":true}""", Encoding.UTF8, "application/json"),
            }
        )
        using (var response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation))
        {
            await using var stream = await response.Content.ReadAsStreamAsync(Cancellation);
            await stream.ReadExactlyAsync(new byte[20], Cancellation);
            Assert.Equal(1, server.Admission.Items);
        }
        await server.UntilQueuedAsync(0);
        await server.PostAsync(Path, Quick, Cancellation);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_shutdown_finishes_what_was_taken_and_takes_nothing_new()
    {
        await using var server = await TestServer.StartAsync();
        var held = server.Admission.Admit(1);
        var taken = server.SendAsync(Path, """{"input":["the red circle above a blue square","another"]}""", Cancellation);
        await server.UntilQueuedAsync(3);
        var stopped = server.StopAsync();
        await TestServer.UntilAsync(() => Task.FromResult(server.Admission.IsClosed));

        Assert.Equal("shutting_down", (await server.ErrorAsync(Path, Quick, 503)).Code);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await server.Client.GetAsync("/health/ready", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health/live", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await taken).StatusCode);
        Assert.False(stopped.IsCompleted);
        held.Dispose();
        await stopped;
        await Assert.ThrowsAsync<HttpRequestException>(() => server.Client.GetAsync("/health/live", Cancellation));
    }

    [Fact]
    public async Task Work_that_outlasts_the_shutdown_is_given_up()
    {
        await using var server = await TestServer.StartAsync(new ServerOptions { ShutdownSeconds = 1 }, LoadEndless);
        var taken = server.SendAsync(Path, """{"input":"a red circle"}""", Cancellation);
        await server.UntilQueuedAsync(1);
        await server.StopAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => taken);
    }

    [Fact]
    public async Task Until_the_model_is_there_the_server_is_live_but_not_ready()
    {
        using var gate = new ManualResetEventSlim();
        await using var server = await TestServer.StartUnreadyAsync(load: basis =>
        {
            gate.Wait();
            return ReasoningEmbedder.Load(TestServer.Model, basis);
        });
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health/live", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await server.Client.GetAsync("/health/ready", Cancellation)).StatusCode);
        Assert.Equal("model_loading", (await server.ErrorAsync(Path, Quick, 503)).Code);
        gate.Set();
        await TestServer.UntilAsync(async () => (await server.Client.GetAsync("/health/ready", Cancellation)).IsSuccessStatusCode);
        await server.PostAsync(Path, Quick, Cancellation);
    }

    [Fact]
    public async Task A_model_that_cannot_be_loaded_ends_the_server()
    {
        var options = new ServerOptions { Urls = ["http://127.0.0.1:0"] };
        var error = await Assert.ThrowsAsync<CheckpointException>(() =>
            RgeServer.RunAsync(options, basis => ReasoningEmbedder.Load("/nowhere", basis), cancellationToken: Cancellation)
        );
        Assert.Contains("/nowhere", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_is_a_span_around_its_embeddings()
    {
        var spans = new System.Collections.Concurrent.ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Rge.Server" or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var server = await TestServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = new StringContent(Quick, Encoding.UTF8, "application/json"),
        };
        var trace = ActivityTraceId.CreateRandom();
        request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        (await server.Client.SendAsync(request, Cancellation)).Dispose();
        await TestServer.UntilAsync(() => Task.FromResult(spans.Count(span => span.TraceId == trace) == 2));
        var embed = Assert.Single(spans, span => span.TraceId == trace && span.OperationName == "embed");
        Assert.Equal(1, embed.GetTagItem("rge.items"));
        Assert.Equal(embed.ParentSpanId, spans.Single(span => span.TraceId == trace && span != embed).SpanId);
    }

    private static ReasoningEmbedder LoadEndless(ReasoningEmbedderOptions basis)
    {
        Assert.True(QwenTokenizer.Load(TestServer.Model).TryGetToken(ReasoningEmbedder.EmbToken, out var emb));
        return ReasoningEmbedder.Load(
            TestServer.Model,
            basis with
            {
                Generation = new GenerationOptions { MaxRationaleTokens = Endless, BannedTokens = [emb] },
            }
        );
    }
}
