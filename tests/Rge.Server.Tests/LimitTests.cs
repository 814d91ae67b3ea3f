namespace Rge.Server.Tests;

/// <summary>Each limit, just kept and just exceeded.</summary>
public sealed class LimitTests(LimitTests.Fixture fixture) : IClassFixture<LimitTests.Fixture>
{
    private const string Path = "/v1/embeddings";

    private readonly TestServer _server = fixture.Server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bodies()
    {
        static string Body(int length)
        {
            const string Start = """{"reasoning":"off","input":"a red circle","user":" """,
                End = "\"}";
            return Start + new string('x', length - Start.Length - End.Length) + End;
        }
        await _server.PostAsync(Path, Body(Fixture.Limits.MaxBodyBytes), Cancellation);
        Assert.Equal("body_too_large", (await _server.ErrorAsync(Path, Body(Fixture.Limits.MaxBodyBytes + 1), 413)).Code);
    }

    [Fact]
    public async Task Items()
    {
        static string Body(string member, int count) =>
            $$"""{"reasoning":"off","{{member}}":[{{string.Join(',', Enumerable.Repeat("\"a\"", count))}}]}""";
        await _server.PostAsync(Path, Body("input", 4), Cancellation);
        var error = await _server.ErrorAsync(Path, Body("input", 5), 400);
        Assert.Equal(("input has 5 items, expected 1 to 4.", "input", "too_many"), (error.Message, error.Param, error.Code));
        Assert.Equal("too_many", (await _server.ErrorAsync("/v2/embed", Body("texts", 5), 400)).Code);
        Assert.Equal("input has 0 items, expected 1 to 4.", (await _server.ErrorAsync(Path, """{"input":[]}""", 400)).Message);
    }

    [Fact]
    public async Task Images()
    {
        static string Body(int count)
        {
            var part = $$$"""{"type":"image_url","image_url":{"url":"{{{TestImages.DataUri(TestImages.Grey(28, 28))}}}"}}""";
            return $$"""{"reasoning":"off","messages":[{"role":"user","""
                + $$""" "content":[{{string.Join(',', Enumerable.Repeat(part, count))}}]}]}""";
        }
        await _server.PostAsync(Path, Body(3), Cancellation);
        Assert.Equal("The request has 4 images, expected at most 3.", (await _server.ErrorAsync(Path, Body(4), 400)).Message);
    }

    [Fact]
    public async Task Pixels_and_bytes_of_an_image()
    {
        static string Body(byte[] png) => $$"""{"reasoning":"off","input":[{"image":"{{Convert.ToBase64String(png)}}"}]}""";
        await _server.PostAsync(Path, Body(TestImages.Grey(100, 100)), Cancellation);
        Assert.Contains(
            "input[0].image has 101×100 = 10100 pixels, expected at most 10000",
            (await _server.ErrorAsync(Path, Body(TestImages.Grey(101, 100)), 400)).Message,
            StringComparison.Ordinal
        );
        // Bytes after the end of a PNG are not used, but count.
        var large = TestImages.Grey(28, 28);
        Array.Resize(ref large, Fixture.Limits.MaxImageBytes);
        await _server.PostAsync(Path, Body(large), Cancellation);
        Array.Resize(ref large, Fixture.Limits.MaxImageBytes + 1);
        Assert.Contains(
            "has 5001 bytes, expected at most 5000",
            (await _server.ErrorAsync(Path, Body(large), 400)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_decompression_bomb_is_refused_by_its_header()
    {
        await using var server = await TestServer.StartAsync();
        var error = await server.ErrorAsync(Path, $$"""{"input":[{"image":"{{Convert.ToBase64String(TestImages.Bomb())}}"}]}""", 400);
        Assert.Equal("invalid_image", error.Code);
        Assert.Contains("60000×60000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_of_a_prompt()
    {
        async Task<int> TokensAsync(string text) =>
            (await _server.Embedder.EmbedAsync(EmbeddingInput.Target(text), cancellationToken: Cancellation)).PromptTokens;
        var text = string.Join(' ', Enumerable.Repeat("red", Fixture.Limits.MaxPromptTokens - await TokensAsync("red") + 1));
        Assert.Equal(Fixture.Limits.MaxPromptTokens, await TokensAsync(text));
        await _server.PostAsync(Path, $$"""{"role":"document","input":"{{text}}"}""", Cancellation);
        Assert.Equal(
            "The item has 65 tokens, expected at most 64.",
            (await _server.ErrorAsync(Path, $$"""{"role":"document","input":"{{text}} red"}""", 400)).Message
        );
        Assert.StartsWith(
            "input[1]: The item has 65",
            (await _server.ErrorAsync(Path, $$"""{"role":"document","input":["red","{{text}} red"]}""", 400)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task An_image_named_again_and_again_counts_each_time()
    {
        var image = TestImages.Grey(84, 84);
        async Task<int> TokensAsync(string text) =>
            (
                await _server.Embedder.EmbedAsync(
                    EmbeddingInput.Target(text, ImageSource.FromBytes(image)),
                    cancellationToken: Cancellation
                )
            ).PromptTokens;
        var text = string.Join(' ', Enumerable.Repeat("red", Fixture.Limits.MaxPromptTokens - await TokensAsync("red") + 1));
        var part = $$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Convert.ToBase64String(image)}}}"}}""";
        string Body(string parts) =>
            $$"""{"role":"document","messages":[{"role":"user","content":[{{parts}},{"type":"text","text":"{{text}}"}]}]}""";
        await _server.PostAsync(Path, Body(part), Cancellation);
        var error = await _server.ErrorAsync(Path, Body($"{part},{part}"), 400);
        Assert.Contains("expected at most 64", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_of_a_rationale_and_dimensions()
    {
        await _server.PostAsync(Path, """{"input":"a red circle","max_rationale_tokens":7,"dimensions":128}""", Cancellation);
        Assert.Equal(
            "max_rationale_tokens is 8, expected a whole number from 1 to 7.",
            (await _server.ErrorAsync(Path, """{"input":"a","max_rationale_tokens":8}""", 400)).Message
        );
        Assert.Equal(
            "dimensions is 129, expected a whole number from 1 to 128.",
            (await _server.ErrorAsync(Path, """{"input":"a","dimensions":129}""", 400)).Message
        );
        Assert.Equal(
            "dimensions is 0, expected a whole number from 1 to 128.",
            (await _server.ErrorAsync(Path, """{"input":"a","dimensions":0}""", 400)).Message
        );
    }

    public sealed class Fixture : IAsyncLifetime
    {
        public static ServerLimits Limits { get; } =
            new()
            {
                MaxBodyBytes = 50_000,
                MaxItems = 4,
                MaxImages = 3,
                MaxImageBytes = 5000,
                MaxImagePixels = 10_000,
                MaxPromptTokens = 64,
                MaxRationaleTokens = 7,
                MaxQueuedItems = 8,
            };

        public TestServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync(new ServerOptions { Limits = Limits });

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
