using System.Globalization;

namespace Rge.Server.Tests;

[Collection(nameof(Alone))]
public sealed class MetricsTests
{
    private const string Path = "/v1/embeddings";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metrics_count_items_and_tokens()
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.PostAsync(Path, """{"input":["a red circle","a blue square"]}""", Cancellation);
        await server.PostAsync(Path, """{"input":"a","role":"document"}""", Cancellation);
        // The exporter keeps an answer for a moment.
        string metrics = "";
        await TestServer.UntilAsync(async () =>
            (metrics = await server.Client.GetStringAsync("/metrics", Cancellation)).Contains("role=\"document\"", StringComparison.Ordinal)
        );
        Assert.Equal(2, Value(metrics, "rge_items_total", "role=\"query\""));
        Assert.Equal(1, Value(metrics, "rge_items_total", "role=\"document\""));
        Assert.Equal((int)answer["usage"]!["rationale_tokens"]!, Value(metrics, "rge_rationale_tokens_total", "role=\"query\""));
        Assert.Equal(0, Value(metrics, "rge_queue_items", ""));
        Assert.Contains("http_server_request_duration_seconds_count", metrics, StringComparison.Ordinal);
        Assert.Contains("dotnet_", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_count_pairs_that_are_scored()
    {
        await using var server = await TestServer.StartAsync(loadReranker: RerankTests.Load);
        var answer = await server.PostAsync("/v1/rerank", """{"query":"red","documents":["a circle","a square"]}""", Cancellation);
        string metrics = "";
        await TestServer.UntilAsync(async () =>
            (metrics = await server.Client.GetStringAsync("/metrics", Cancellation)).Contains("role=\"pair\"", StringComparison.Ordinal)
        );
        Assert.Equal(2, Value(metrics, "rge_items_total", "role=\"pair\""));
        Assert.Equal((int)answer["usage"]!["total_tokens"]!, Value(metrics, "rge_prompt_tokens_total", "role=\"pair\""));
    }

    [Fact]
    public async Task Metrics_count_tokens_that_an_earlier_prompt_spared()
    {
        await using var server = await TestServer.StartAsync(new ServerOptions { Limits = new ServerLimits { MaxPrefixTokens = 8192 } });
        var image = TestImages.DataUri(TestImages.Grey(84, 84));
        foreach (var text in (string[])["What is left of it?", "How many are red?"])
            await server.PostAsync(Path, Body(text), Cancellation);
        string metrics = "";
        await TestServer.UntilAsync(async () =>
        {
            metrics = await server.Client.GetStringAsync("/metrics", Cancellation);
            return metrics.Contains("rge_items_total{", StringComparison.Ordinal) && Value(metrics, "rge_items_total", "role=") == 2;
        });
        var reused = Value(metrics, "rge_prompt_reused_tokens_total", "role=");
        // At least the tokens of the picture, at most the shorter prompt.
        Assert.InRange(reused, 9, Value(metrics, "rge_prompt_tokens_total", "role=") / 2);

        string Body(string text) =>
            """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"IMAGE"}},{"type":"text","text":"TEXT"}]}]}"""
                .Replace("IMAGE", image, StringComparison.Ordinal)
                .Replace("TEXT", text, StringComparison.Ordinal);
    }

    private static double Value(string metrics, string name, string label) =>
        double.Parse(
            Assert
                .Single(metrics.Split('\n'), line =>
                    line.StartsWith(name, StringComparison.Ordinal) && line.Contains(label, StringComparison.Ordinal)
                )
                .Split(' ')
                is [_, var value, ..]
                ? value
                : "",
            CultureInfo.InvariantCulture
        );
}
