using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Rge.Tests.Shared.Embedders;

namespace Rge.Tests;

public sealed class EmbeddingGeneratorAdapterTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>, IDisposable
{
    internal static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    );

    private readonly Recorder _recorder = new();

    [Fact]
    public async Task Texts_take_the_role_and_instruction_of_their_adapter()
    {
        await _recorder
            .ForText(ItemRole.Target, "Describe:")
            .GenerateAsync(["a", "b"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(["a", "b"], _recorder.Inputs.Select(input => input.Text));
        Assert.All(_recorder.Inputs, input => Assert.Equal((ItemRole.Target, "Describe:"), (input.Role, input.Instruction)));
    }

    [Fact]
    public async Task Content_keeps_its_order()
    {
        DataContent image = new(Png, "image/png");
        UriContent file = new(new Uri(Path.Combine(fixture.Folder, "a picture.png")), "image/png");
        await _recorder
            .ForContent(ItemRole.Query)
            .GenerateAsync(
                [
                    [image, new TextContent("one"), new TextContent("two")],
                    [new TextContent("before"), image, new TextContent("between"), file],
                    [file],
                ],
                cancellationToken: TestContext.Current.CancellationToken
            );
        string[] shown =
        [
            .. _recorder.Inputs.Select(input => string.Concat(input.Content.Select(part => part is TextPart text ? text.Text : "[]"))),
        ];
        Assert.Equal(["[] one two", "before [] between []", "[] "], shown);
        Assert.Equal("one two", _recorder.Inputs[0].Text);
        Assert.Equal([1, 2, 1], _recorder.Inputs.Select(input => input.Images.Count));
        Assert.Equal(Path.Combine(fixture.Folder, "a picture.png"), _recorder.Inputs[2].Images[0].Name);
    }

    [Fact]
    public async Task Content_of_another_kind_is_refused()
    {
        var generator = _recorder.ForContent(ItemRole.Query);
        foreach (
            var content in (AIContent[])
                [
                    new UriContent("https://example.org/a.png", "image/png"),
                    new DataContent(Png, "audio/wav"),
                    new UsageContent(new UsageDetails()),
                ]
        )
            await Assert.ThrowsAsync<ArgumentException>(() =>
                generator.GenerateAsync(
                    [
                        [content],
                    ],
                    cancellationToken: TestContext.Current.CancellationToken
                )
            );
    }

    [Fact]
    public async Task Content_is_embedded_as_the_same_item_is()
    {
        var direct = await fixture.Embedder.EmbedAsync(
            EmbeddingInput.Target("a dot", ImageSource.FromBytes(Png)),
            cancellationToken: TestContext.Current.CancellationToken
        );
        var vector = await fixture
            .Embedder.ForContent(ItemRole.Target)
            .GenerateVectorAsync(
                [new DataContent(Png, "image/png"), new TextContent("a dot")],
                cancellationToken: TestContext.Current.CancellationToken
            );
        Assert.Equal(direct.Vector.ToArray(), vector.ToArray());
    }

    [Fact]
    public async Task Registered_embedders_are_made_once_and_disposed_with_the_provider()
    {
        ReasoningEmbedder embedder;
        var services = new ServiceCollection();
        services.AddReasoningEmbedder(fixture.Folder);
        await using (var provider = services.BuildServiceProvider())
        {
            embedder = provider.GetRequiredService<ReasoningEmbedder>();
            Assert.Same(embedder, provider.GetRequiredService<IEmbeddingGenerator<EmbeddingInput, Embedding<float>>>());
            var texts = provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>(ItemRole.Target);
            Assert.Same(embedder, texts.GetService<ReasoningEmbedder>());
            Assert.Single(await texts.GenerateAsync(["text"], cancellationToken: TestContext.Current.CancellationToken));
        }
        await Assert.ThrowsAsync<ObjectDisposedException>(() => embedder.EmbedAsync(EmbeddingInput.Target("text")));
    }

    public void Dispose() => _recorder.Dispose();

    /// <summary>Remembers what it is asked to embed.</summary>
    internal sealed class Recorder : IEmbeddingGenerator<EmbeddingInput, Embedding<float>>
    {
        public List<EmbeddingInput> Inputs { get; } = [];

        public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
            IEnumerable<EmbeddingInput> values,
            EmbeddingGenerationOptions? options = null,
            CancellationToken cancellationToken = default
        )
        {
            Inputs.AddRange(values);
            return Task.FromResult(new GeneratedEmbeddings<Embedding<float>>());
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }
}
