using Rge.Tests.Shared.Embedders;

namespace Rge.Tests;

/// <summary>Runs when no other test does: memory is the process's.</summary>
[CollectionDefinition(nameof(ResidentMemoryTests), DisableParallelization = true)]
[Collection(nameof(ResidentMemoryTests))]
public sealed class ResidentMemoryTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>
{
    /// <summary>Long enough that the KV caches of 20 calls would show, were they kept: more than 2 MB each.</summary>
    private static readonly string Filler = string.Concat(Enumerable.Repeat("qzx ", 75));

    [Fact]
    public async Task Resident_memory_is_flat_over_500_embeddings()
    {
        EmbeddingInput[] items =
        [
            .. Enumerable
                .Range(0, 25)
                .Select(i => new EmbeddingInput
                {
                    Role = i % 3 == 0 ? ItemRole.Target : ItemRole.Query,
                    Text = $"item {i} {Filler}",
                    Images = i % 2 == 0 ? [] : [EmbedderFixture.Image(i)],
                }),
        ];
        Assert.InRange((await fixture.Embedder.EmbedAsync(items[1])).PromptTokens, 250, 400);
        await EmbedAsync(calls: 20);
        var before = Resident();
        await EmbedAsync(calls: 20);
        // What varies anyway is the managed heap's reserve, up to 20 MB here; 20 caches that were kept would be more than 40 MB.
        Assert.InRange(Resident() - before, long.MinValue, 32 << 20);

        async Task EmbedAsync(int calls)
        {
            for (var i = 0; i < calls; i++)
                await fixture.Embedder.EmbedAsync(items, cancellationToken: TestContext.Current.CancellationToken);
        }

        static long Resident()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            return Environment.WorkingSet;
        }
    }
}
