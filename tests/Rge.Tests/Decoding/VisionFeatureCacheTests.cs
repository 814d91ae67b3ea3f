using Rge.Decoding;
using Rge.Imaging;
using Rge.Models.Inputs;
using Rge.Tests.Shared.Embedders;
using static TorchSharp.torch;

namespace Rge.Tests.Decoding;

public sealed class VisionFeatureCacheTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>
{
    private static readonly ImageGrid Grid = new(1, 2, 2);

    [Fact]
    public void An_image_is_encoded_once_until_it_is_forgotten()
    {
        using var cache = new VisionFeatureCache(2);
        var (loaded, encoded) = (0, 0);
        Ask("a");
        Ask("b");
        Ask("a");
        Assert.Equal((2, 2), (loaded, encoded));
        Ask("c"); // b was asked for least recently
        Ask("a");
        Assert.Equal((3, 3), (loaded, encoded));
        Ask("b");
        Assert.Equal((4, 4), (loaded, encoded));

        void Ask(string key)
        {
            using var image = cache.Lease(key, Load);
            ImageLease.Encode([image], Encode);
            Assert.Equal(Grid, image.Grid);
            Assert.Equal(1, image.Features.Merged.shape[0]);
        }

        PatchedImage Load()
        {
            loaded++;
            return Patches();
        }

        IReadOnlyList<VisionFeatures> Encode(IReadOnlyList<PatchedImage> images)
        {
            encoded += images.Count;
            return [.. images.Select(image => new VisionFeatures(image.Grid, zeros(1, 4), []))];
        }
    }

    [Fact]
    public void Calls_that_show_an_image_at_once_share_it()
    {
        using var cache = new VisionFeatureCache(0);
        var loaded = 0;
        ImageLease first = cache.Lease("a", Load),
            second = cache.Lease("a", Load);
        ImageLease.Encode([first, second], images =>
        {
            Assert.Single(images);
            return [new VisionFeatures(Grid, zeros(1, 4), [])];
        });
        var features = first.Features;
        Assert.Same(features, second.Features);
        first.Dispose();
        first.Dispose(); // counts once
        Assert.False(features.Merged.IsInvalid);
        second.Dispose();
        Assert.True(features.Merged.IsInvalid);
        Assert.Throws<ObjectDisposedException>(() => second.Features);
        Assert.Equal(1, loaded);

        PatchedImage Load()
        {
            loaded++;
            return Patches();
        }
    }

    [Fact]
    public void What_is_in_use_when_the_cache_goes_is_freed_with_its_last_lease()
    {
        ImageLease image;
        VisionFeatures? features = null,
            kept = null;
        using (var cache = new VisionFeatureCache(1))
        {
            image = cache.Lease("a", Patches);
            ImageLease.Encode([image], _ => [features = new VisionFeatures(Grid, zeros(1, 4), [])]);
            using var other = cache.Lease("b", Patches);
            ImageLease.Encode([other], _ => [kept = new VisionFeatures(Grid, zeros(1, 4), [])]);
        }
        Assert.True(kept!.Merged.IsInvalid);
        Assert.False(features!.Merged.IsInvalid);
        image.Dispose();
        Assert.True(features.Merged.IsInvalid);
    }

    [Fact]
    public void An_image_that_cannot_be_read_is_read_again_by_the_next_call()
    {
        using var cache = new VisionFeatureCache(1);
        using (var bad = cache.Lease("a", () => throw new ImageInputException("damaged")))
        {
            Assert.Throws<ImageInputException>(() => bad.Grid);
            Assert.Throws<ImageInputException>(() => bad.Grid);
        }
        using var good = cache.Lease("a", Patches);
        Assert.Equal(Grid, good.Grid);
    }

    [Fact]
    public void Each_lease_of_an_image_that_cannot_be_read_names_its_own_source()
    {
        using var cache = new VisionFeatureCache(1);
        using var first = cache.Lease("a", () => throw new ImageInputException("first.png"));
        using var second = cache.Lease("a", () => throw new ImageInputException("second.png"));
        using var third = cache.Lease("a", Patches);
        foreach (var (lease, name) in ((ImageLease, string)[])[(first, "first.png"), (second, "second.png"), (first, "first.png")])
            Assert.Equal(name, Assert.Throws<ImageInputException>(() => lease.Grid).Message);
        Assert.Equal(Grid, third.Grid);
        Assert.Equal(Grid, first.Grid);
    }

    [Fact]
    public async Task Calls_about_an_image_that_was_kept_give_what_others_give()
    {
        using var embedder = ReasoningEmbedder.Load(
            fixture.Folder,
            new ReasoningEmbedderOptions
            {
                VisionCacheSize = 2,
                Generation = new GenerationOptions { MaxRationaleTokens = 6 },
            }
        );
        for (var seed = 0; seed < 3; seed++)
        {
            foreach (var rationale in (string?[])[null, "a red kite", null])
            {
                var item = EmbeddingInput.Query("what", EmbedderFixture.Image(seed)) with { Rationale = rationale };
                var (remembered, anew) = (
                    await embedder.EmbedAsync(item, cancellationToken: TestContext.Current.CancellationToken),
                    await fixture.Embedder.EmbedAsync(item, cancellationToken: TestContext.Current.CancellationToken)
                );
                Assert.Equal(anew.Rationale, remembered.Rationale);
                Assert.Equal(1, Similarity.Cosine(anew.Vector.Span, remembered.Vector.Span), 1e-5);
            }
        }
    }

    private static PatchedImage Patches() => new(new float[4 * 12], Grid);
}
