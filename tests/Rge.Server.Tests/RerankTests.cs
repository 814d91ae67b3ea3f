using System.Net;
using System.Text.Json.Nodes;
using Rge.Presets;
using Rge.Server.Apis.Rerank;

namespace Rge.Server.Tests;

/// <summary>A server with a reranker beside its model: the small model again, asked for one word against another.</summary>
public sealed class RerankTests : IAsyncLifetime
{
    private static readonly ModelPreset Preset = ModelPreset.Qwen3VlReranker with { Score = new PresetScore("red", "blue") };

    private TestServer _server = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(loadReranker: Load);

    internal static Reranker Load(RerankerOptions basis) => Reranker.Load(TestServer.Model, basis with { Preset = Preset });

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("/v1/rerank")]
    [InlineData("/v2/rerank")]
    public async Task Documents_are_answered_best_first_with_the_scores_of_the_library(string path)
    {
        using var reranker = Reranker.Load(TestServer.Model, new RerankerOptions { Preset = Preset });
        string[] documents = ["a red circle", "a blue square", "a green star"];
        var expected = await reranker.ScoreAsync(
            EmbeddingInput.Query("what is red"),
            [.. documents.Select(text => EmbeddingInput.Target(text))],
            cancellationToken: Cancellation
        );
        var answer = await _server.PostAsync(
            path,
            """{"model": "shapeworld", "query": "what is red", "documents": ["a red circle", "a blue square", {"text": "a green star"}]}""",
            Cancellation
        );
        var results = answer["results"]!.AsArray();
        Assert.Equal(
            expected.OrderByDescending(result => result.Score).Select(result => result.Index),
            results.Select(result => (int)result!["index"]!)
        );
        foreach (var result in results)
            Assert.Equal(expected[(int)result!["index"]!].Score, (double)result["relevance_score"]!, 1e-4);
        Assert.Equal(("shapeworld", "list"), ((string?)answer["model"], (string?)answer["object"]));
        Assert.Equal(expected.Sum(result => result.PromptTokens), (int)answer["usage"]!["total_tokens"]!);
        Assert.Equal(1, (int)answer["meta"]!["billed_units"]!["search_units"]!);
        Assert.Null(results[0]!["document"]);
    }

    [Fact]
    public async Task The_best_are_answered_with_their_texts_where_that_is_asked_for()
    {
        var answer = await _server.PostAsync(
            "/v1/rerank",
            """{"query": "red", "documents": ["a", "b", "c"], "top_n": 2, "return_documents": true, "instruction": "Find it."}""",
            Cancellation
        );
        var results = answer["results"]!.AsArray();
        Assert.Equal(2, results.Count);
        Assert.All(results, result => Assert.Equal("abc"[(int)result!["index"]!].ToString(), (string?)result["document"]!["text"]));
    }

    [Fact]
    public async Task Every_example_is_answered()
    {
        foreach (var example in RerankEndpoints.Reference.Examples.Values)
            Assert.NotEmpty((await _server.PostAsync("/v1/rerank", example, Cancellation))["results"]!.AsArray());
        var document = JsonNode.Parse(await _server.Client.GetStringAsync("/openapi/v1.json", Cancellation))!;
        Assert.NotNull(document["paths"]!["/v1/rerank"]);
    }

    [Theory]
    [InlineData("""{"documents": ["a"]}""", "query", 400)]
    [InlineData("""{"query": "a", "documents": []}""", "documents has 0 documents", 400)]
    [InlineData("""{"query": "a", "documents": ["b"], "max_tokens_per_doc": 9}""", "max_tokens_per_doc is not known here", 400)]
    [InlineData("""{"query": "a", "documents": [{"title": "b"}]}""", "documents[0].title is not known here", 400)]
    [InlineData("""{"query": "a", "documents": ["b"], "top_n": 0}""", "top_n is 0", 400)]
    [InlineData("""{"query": "a", "documents": ["b"], "model": "other"}""", "The model 'other' is not here", 404)]
    [InlineData("""{"query": {"image": "bm8gaW1hZ2U="}, "documents": ["b", "c"]}""", "query.image is", 400)]
    [InlineData("""{"query": "a", "documents": ["b", {"image": "bm8gaW1hZ2U="}]}""", "documents[1].image is", 400)]
    public async Task What_cannot_be_scored_is_refused_by_its_place(string body, string problem, int status)
    {
        var error = await _server.ErrorAsync("/v1/rerank", body, status);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_names_of_the_reranker_are_listed_and_taken()
    {
        await using var server = await TestServer.StartAsync(
            new ServerOptions { ModelNames = ["small"], RerankerNames = ["judge", "second"] },
            loadReranker: Load
        );
        var models = JsonNode.Parse(await server.Client.GetStringAsync("/v1/models", Cancellation))!["data"]!.AsArray();
        Assert.Equal(["small", "judge", "second"], models.Select(model => (string?)model!["id"]));
        Assert.Equal([128, null, null], models.Select(model => (int?)model!["dimensions"]));
        var judge = JsonNode.Parse(await server.Client.GetStringAsync("/v1/models/judge", Cancellation))!;
        Assert.Equal("judge", (string?)judge["id"]);
        var answer = await server.PostAsync("/v1/rerank", """{"model": "second", "query": "red", "documents": ["a"]}""", Cancellation);
        Assert.Equal("judge", (string?)answer["model"]);
        var error = await server.ErrorAsync("/v1/rerank", """{"model": "small", "query": "red", "documents": ["a"]}""", 404);
        Assert.Equal("The model 'small' is not here, expected judge or second.", error.Message);
        Assert.Equal(404, (await server.ErrorAsync("/v1/embeddings", """{"model": "judge", "input": "red"}""", 404)).Status);
    }

    [Fact]
    public async Task A_reranker_that_cannot_be_loaded_leaves_no_model_behind()
    {
        ReasoningEmbedder? embedder = null;
        await using var server = await TestServer.StartUnreadyAsync(
            load: basis => embedder = ReasoningEmbedder.Load(TestServer.Model, basis),
            loadReranker: _ => throw new CheckpointException("no reranker")
        );
        await TestServer.UntilAsync(() => Task.FromResult(server.HasFailed));
        await Assert.ThrowsAsync<ObjectDisposedException>(() =>
            embedder!.EmbedAsync(EmbeddingInput.Target("red"), cancellationToken: Cancellation)
        );
    }

    [Fact]
    public async Task Without_a_reranker_there_is_no_such_endpoint()
    {
        await using var server = await TestServer.StartAsync();
        using var response = await server.SendAsync("/v1/rerank", """{"query": "a", "documents": ["b"]}""", Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }
}
