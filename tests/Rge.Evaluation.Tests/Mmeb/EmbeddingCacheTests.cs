using Rge.Evaluation.Mmeb;
using Rge.Imaging;

namespace Rge.Evaluation.Tests.Mmeb;

public sealed class EmbeddingCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-cache-").FullName;

    private static ItemKeys Keys { get; } = new("model", new GenerationOptions());

    [Fact]
    public void What_was_added_is_found_again()
    {
        var (first, second) = (
            Keys.Compute(EmbeddingInput.Query("a"), ReasoningMode.On),
            Keys.Compute(EmbeddingInput.Query("b"), ReasoningMode.On)
        );
        using (var cache = new EmbeddingCache(_folder))
        {
            cache.Add([
                KeyValuePair.Create(first, new CachedEmbedding([1, -0.5f, float.Epsilon], "so «ä»", 3, 20, 0.25)),
                KeyValuePair.Create(second, new CachedEmbedding([2], null, 0, 5, 0)),
            ]);
            cache.Add([KeyValuePair.Create(first, new CachedEmbedding([9], "later", 1, 1, 1))]);
        }
        using var again = new EmbeddingCache(_folder);
        var found = again.Find(first)!;
        Assert.Equal([1, -0.5f, float.Epsilon], found.Vector);
        Assert.Equal(("so «ä»", 3, 20, 0.25), (found.Rationale, found.RationaleTokens, found.PromptTokens, found.Seconds));
        Assert.Null(again.Find(second)!.Rationale);
        Assert.Null(again.Find(Keys.Compute(EmbeddingInput.Query("c"), ReasoningMode.On)));
        Assert.True(again.Has(second));
    }

    [Fact]
    public void All_or_none_of_what_is_added_together_is_there()
    {
        using var cache = new EmbeddingCache(_folder);
        var key = Keys.Compute(EmbeddingInput.Query("a"), ReasoningMode.On);
        Assert.Throws<InvalidOperationException>(() => cache.Add(Failing()));
        Assert.False(cache.Has(key));

        IEnumerable<KeyValuePair<ItemKey, CachedEmbedding>> Failing()
        {
            yield return KeyValuePair.Create(key, new CachedEmbedding([1], null, 0, 1, 0));
            throw new InvalidOperationException();
        }
    }

    [Fact]
    public void Two_runs_share_a_cache()
    {
        using EmbeddingCache one = new(_folder),
            other = new(_folder);
        Parallel.For(0, 40, i =>
            (i % 2 == 0 ? one : other).Add([
                KeyValuePair.Create(
                    Keys.Compute(EmbeddingInput.Query($"{i / 2}"), ReasoningMode.On),
                    new CachedEmbedding([i / 2], null, 0, 1, 0)
                ),
            ])
        );
        Assert.All(Enumerable.Range(0, 20), i =>
            Assert.Equal([i], one.Find(Keys.Compute(EmbeddingInput.Query($"{i}"), ReasoningMode.On))!.Vector)
        );
    }

    [Fact]
    public void A_file_that_is_no_cache_is_refused()
    {
        File.WriteAllText(Path.Combine(_folder, "embeddings.sqlite"), new string('x', 5000));
        Assert.Contains(
            "cannot be used as a cache of embeddings",
            Assert.Throws<EvaluationException>(() => new EmbeddingCache(_folder)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Keys_differ_where_embeddings_may()
    {
        var image = ImageSource.FromPixels(new RgbImage(1, 1, [1, 2, 3]));
        var item = EmbeddingInput.Query("a", image) with { Instruction = "b" };
        ItemKey[] keys =
        [
            Keys.Compute(item, ReasoningMode.On),
            Keys.Compute(item, ReasoningMode.Off),
            Keys.Compute(item with { Text = "b", Instruction = "a" }, ReasoningMode.On),
            Keys.Compute(item with { Instruction = null }, ReasoningMode.On),
            Keys.Compute(item with { Images = [] }, ReasoningMode.On),
            Keys.Compute(item with { Images = [image, image] }, ReasoningMode.On),
            Keys.Compute(item with { Rationale = "so" }, ReasoningMode.Off),
            Keys.Compute(item with { Images = [ImageSource.FromPixels(new RgbImage(1, 1, [1, 2, 4]))] }, ReasoningMode.On),
            new ItemKeys("other", new GenerationOptions()).Compute(item, ReasoningMode.On),
            new ItemKeys("model", new GenerationOptions { MaxRationaleTokens = 5 }).Compute(item, ReasoningMode.On),
            Keys.Compute(item with { Content = [new TextPart("a "), new ImagePart(image)] }, ReasoningMode.On),
            Keys.Compute(item with { Content = [new ImagePart(image), new TextPart("a")] }, ReasoningMode.On),
            Keys.Compute(item with { Text = "<|image_1|> a" }, ReasoningMode.On),
        ];
        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.Equal(
            keys[0],
            Keys.Compute(item with { Images = [ImageSource.FromPixels(new RgbImage(1, 1, [1, 2, 3]))] }, ReasoningMode.On)
        );
        // A query without reasoning is encoded as a target is.
        Assert.Equal(keys[1], Keys.Compute(item with { Role = ItemRole.Target }, ReasoningMode.Off));
        Assert.Equal(keys[1], new ItemKeys("model", new GenerationOptions { MaxRationaleTokens = 5 }).Compute(item, ReasoningMode.Off));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
