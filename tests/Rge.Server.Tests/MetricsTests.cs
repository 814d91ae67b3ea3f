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
