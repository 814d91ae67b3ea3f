using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Rge.Tests.Shared.Embedders;

namespace Rge.Tests;

public sealed class RegistrationTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>
{
    private static readonly ReasoningEmbedderOptions Brief = new() { Generation = new GenerationOptions { MaxRationaleTokens = 2 }, ModelId = "given" };

    private readonly ServiceCollection _services = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_second_embedder_is_refused_unless_it_has_a_key_of_its_own()
    {
        _services.AddReasoningEmbedder(fixture.Folder);
        Assert.Contains("AddKeyedReasoningEmbedder", Assert.Throws<InvalidOperationException>(() => _services.AddReasoningEmbedder(fixture.Folder)).Message, StringComparison.Ordinal);
        _services.AddKeyedReasoningEmbedder("a", fixture.Folder);
        _services.AddKeyedReasoningEmbedder("b", fixture.Folder);
        Assert.Contains("'b'", Assert.Throws<InvalidOperationException>(() => _services.AddKeyedReasoningEmbedder("b", fixture.Folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keyed_embedders_are_different_ones()
    {
        _services.AddKeyedReasoningEmbedder("brief", fixture.Folder, Brief);
        _services.AddKeyedReasoningEmbedder("plain", fixture.Folder);
        await using var provider = _services.BuildServiceProvider();
        var brief = provider.GetRequiredKeyedService<IEmbeddingGenerator<EmbeddingInput, Embedding<float>>>("brief");
        Assert.Equal("given", brief.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId);
        Assert.Equal(2, provider.GetRequiredKeyedService<ReasoningEmbedder>("brief").Generation.MaxRationaleTokens);
        Assert.NotEqual(2, provider.GetRequiredKeyedService<ReasoningEmbedder>("plain").Generation.MaxRationaleTokens);
        Assert.Same(brief.GetService<ReasoningEmbedder>(), provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("brief").GetService<ReasoningEmbedder>());
        Assert.Null(provider.GetService<ReasoningEmbedder>());
    }

    [Fact]
    public async Task Configured_options_count()
    {
        var settings = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Rge:ModelId"] = "from settings",
            ["Rge:Generation:MaxRationaleTokens"] = "3",
            ["Rge:TargetReasoning"] = "On",
            ["Rge:Decoder:MaxBatchSize"] = "5",
        };
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        _services.Configure<ReasoningEmbedderOptions>(configuration.GetSection("Rge")).AddReasoningEmbedder(fixture.Folder);
        await using var provider = _services.BuildServiceProvider();
        var embedder = provider.GetRequiredService<ReasoningEmbedder>();
        Assert.Equal("from settings", embedder.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId);
        Assert.Equal(3, (await embedder.EmbedAsync(EmbeddingInput.Target("text"), cancellationToken: Cancellation)).WrittenTokens);
    }

    [Fact]
    public async Task Options_of_a_key_are_those_configured_by_its_name()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal) { ["ModelId"] = "b's own" }).Build();
        _services.Configure<ReasoningEmbedderOptions>("b", configuration);
        _services.AddKeyedReasoningEmbedder("a", fixture.Folder, Brief);
        _services.AddKeyedReasoningEmbedder("b", fixture.Folder);
        await using var provider = _services.BuildServiceProvider();
        Assert.Equal(["given", "b's own"], new[] { "a", "b" }.Select(key => provider.GetRequiredKeyedService<ReasoningEmbedder>(key).GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId));
    }

    [Fact]
    public async Task Options_given_twice_are_refused()
    {
        _services.Configure<ReasoningEmbedderOptions>(_ => { }).AddReasoningEmbedder(fixture.Folder, Brief);
        await using var provider = _services.BuildServiceProvider();
        Assert.Contains("twice", Assert.Throws<InvalidOperationException>(provider.GetRequiredService<ReasoningEmbedder>).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_generator_goes_through_the_stages_of_the_builder()
    {
        var seen = new List<EmbeddingInput>();
        _services.AddDistributedMemoryCache().AddReasoningEmbedder(fixture.Folder, Brief).Use((values, options, inner, token) =>
        {
            var items = values.ToArray();
            seen.AddRange(items);
            return inner.GenerateAsync(items, options, token);
        }).UseDistributedCache().UseOpenTelemetry();
        await using var provider = _services.BuildServiceProvider();
        var image = new DataContent(EmbeddingGeneratorAdapterTests.Png, "image/png");
        await Get<string>().GenerateAsync(["default"], cancellationToken: Cancellation);
        await Get<AIContent>().GenerateAsync([new TextContent("content"), image], cancellationToken: Cancellation);
        await Get<DataContent>().GenerateAsync([image], cancellationToken: Cancellation);
        await Get<IEnumerable<AIContent>>().GenerateAsync([[image, new TextContent("list")]], cancellationToken: Cancellation);
        await provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>(ItemRole.Query).GenerateAsync(["query"], cancellationToken: Cancellation);
        await provider.GetRequiredKeyedService<IEmbeddingGenerator<AIContent, Embedding<float>>>(ItemRole.Query).GenerateAsync([image], cancellationToken: Cancellation);
        Assert.Equal(["default", "content", null, null, "list", "query", null], seen.Select(item => item.Text));
        Assert.Equal([0, 0, 1, 1, 1, 0, 1], seen.Select(item => item.Images.Count));
        Assert.Equal([.. Enumerable.Repeat(ItemRole.Target, 5), ItemRole.Query, ItemRole.Query], seen.Select(item => item.Role));

        IEmbeddingGenerator<T, Embedding<float>> Get<T>() => provider.GetRequiredService<IEmbeddingGenerator<T, Embedding<float>>>();
    }

    [Fact]
    public async Task A_generator_of_texts_that_is_there_stays()
    {
        var own = new EmbeddingGeneratorAdapterTests.Recorder().ForText(ItemRole.Query);
        _services.AddSingleton(own).AddReasoningEmbedder(fixture.Folder);
        await using var provider = _services.BuildServiceProvider();
        Assert.Same(own, provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>());
    }
}
