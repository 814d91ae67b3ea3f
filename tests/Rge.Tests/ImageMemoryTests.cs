using Rge.Decoding;
using Rge.Imaging;
using Rge.Models.Inputs;
using Rge.Tests.Shared.Embedders;
using static TorchSharp.torch;

namespace Rge.Tests;

public sealed class ImageMemoryTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>
{
    private static readonly ImageGrid Grid = new(1, 2, 2);

    [Fact]
    public void An_image_is_seen_once_until_it_is_forgotten()
    {
        using var memory = new ImageMemory(2);
        var seen = 0;
        Ask("a");
        Ask("b");
        Ask("a");
        Assert.Equal(2, seen);
        Ask("c"); // b was asked for least recently
        Ask("a");
        Assert.Equal(3, seen);
        Ask("b");
        Assert.Equal(4, seen);

        void Ask(string key)
        {
            if (!memory.TryTake(key, 1, out var image, out _)) memory.Add(key, image = new SharedImage(Patches(), 2), Grid);
            SharedImage.Encode([image], See);
            Assert.Equal(1, image.Features.Merged.shape[0]);
            image.Release();
        }

        IReadOnlyList<VisionFeatures> See(IReadOnlyList<PatchedImage> images)
        {
            seen += images.Count;
            return [.. images.Select(image => new VisionFeatures(image.Grid, zeros(1, 4), []))];
        }
    }

    [Fact]
    public void What_is_forgotten_while_it_is_in_use_is_freed_with_the_last_use()
    {
        var image = new SharedImage(Patches(), 2);
        VisionFeatures? features = null;
        SharedImage.Encode([image], images => [features = new VisionFeatures(Grid, zeros(1, 4), [])]);
        using (var memory = new ImageMemory(1))
        {
            memory.Add("a", image, Grid);
            memory.Add("a", new SharedImage(Patches(), 1), Grid); // the same again: that one is let go
            Assert.True(memory.TryTake("a", 1, out var taken, out _));
            Assert.Same(image, taken);
            memory.Add("b", new SharedImage(Patches(), 1), Grid);
            Assert.False(memory.TryTake("a", 1, out _, out _));
        }
        Assert.False(features!.Merged.IsInvalid);
        image.Release(2);
        Assert.True(features.Merged.IsInvalid);
    }

    [Fact]
    public async Task Calls_about_a_remembered_picture_give_what_others_give()
    {
        using var embedder = ReasoningEmbedder.Load(fixture.Folder, new ReasoningEmbedderOptions { RememberedImages = 2, Generation = new GenerationOptions { MaxRationaleTokens = 6 } });
        for (var seed = 0; seed < 3; seed++)
        {
            foreach (var rationale in (string?[])[null, "a red kite", null])
            {
                var item = EmbeddingInput.Query("what", EmbedderFixture.Picture(seed)) with { Rationale = rationale };
                var (remembered, anew) = (await embedder.EmbedAsync(item, cancellationToken: TestContext.Current.CancellationToken), await fixture.Embedder.EmbedAsync(item, cancellationToken: TestContext.Current.CancellationToken));
                Assert.Equal(anew.Rationale, remembered.Rationale);
                Assert.Equal(1, Similarity.Cosine(anew.Vector.Span, remembered.Vector.Span), 1e-5);
            }
        }
    }

    private static PatchedImage Patches() => new(new float[4 * 12], Grid);
}
