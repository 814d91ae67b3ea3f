using System.ClientModel;
using OpenAI;
using OpenAI.Embeddings;

namespace Rge.Server.Tests;

/// <summary>The official .NET client against the server.</summary>
public sealed class OpenAiClientTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly TestServer _server = fixture.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Texts_are_embedded_in_their_order()
    {
        string[] texts = ["a red circle", "a blue square", "a red circle"];
        var embeddings = (await Client().GenerateEmbeddingsAsync(texts, cancellationToken: Cancellation)).Value;
        Assert.Equal([0, 1, 2], embeddings.Select(embedding => embedding.Index));
        var expected = await _server.Embedder.EmbedAsync(
            [.. texts.Select(text => EmbeddingInput.Query(text))],
            cancellationToken: Cancellation
        );
        foreach (var (embedding, own) in embeddings.Zip(expected))
            Vectors.Same(embedding.ToFloats(), own.Vector);
        Vectors.Different(embeddings[0].ToFloats(), embeddings[1].ToFloats());
        Assert.Equal("shapeworld", embeddings.Model);
        Assert.Equal(expected.Sum(own => own.PromptTokens), embeddings.Usage.InputTokenCount);
        Assert.Equal(expected.Sum(own => own.PromptTokens + own.WrittenTokens), embeddings.Usage.TotalTokenCount);
    }

    [Fact]
    public async Task One_text_and_fewer_dimensions()
    {
        var whole = (await Client().GenerateEmbeddingAsync("a red circle", cancellationToken: Cancellation)).Value.ToFloats();
        var cut = (
            await Client().GenerateEmbeddingAsync("a red circle", new EmbeddingGenerationOptions { Dimensions = 32 }, Cancellation)
        ).Value.ToFloats();
        Assert.Equal((128, 32), (whole.Length, cut.Length));
        Vectors.HasLengthOne(cut.Span);
        Vectors.Same(whole[..32], cut);
    }

    [Fact]
    public async Task Errors_are_the_clients_own()
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(() =>
            Client("another").GenerateEmbeddingAsync("a red circle", cancellationToken: Cancellation)
        );
        Assert.Equal(404, error.Status);
        Assert.Contains("'another' is not here", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<ClientResultException>(() =>
            Client().GenerateEmbeddingAsync("a red circle", new EmbeddingGenerationOptions { Dimensions = 4096 }, Cancellation)
        );
        Assert.Equal(400, error.Status);
        Assert.Contains("dimensions is 4096", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_are_listed()
    {
        var models = new OpenAIClient(
            new ApiKeyCredential("none"),
            new OpenAIClientOptions { Endpoint = new Uri(_server.Address, "v1") }
        ).GetOpenAIModelClient();
        var model = Assert.Single((await models.GetModelsAsync(Cancellation)).Value);
        Assert.Equal("shapeworld", model.Id);
        Assert.Equal("rge", (await models.GetModelAsync("shapeworld", Cancellation)).Value.OwnedBy);
    }

    private EmbeddingClient Client(string model = "shapeworld") =>
        new(model, new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(_server.Address, "v1") });
}
