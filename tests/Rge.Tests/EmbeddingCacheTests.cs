using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Rge.Imaging;
using Rge.Models;
using Rge.Tests.Shared.Embedders;

namespace Rge.Tests;

/// <summary>Cached embeddings are those that would be computed, whatever is alike about what is asked for.</summary>
public sealed class EmbeddingCacheTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>, IDisposable
{
    private readonly MemoryDistributedCache _storage = new(Options.Create(new MemoryDistributedCacheOptions()));
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rge-cache-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Images_are_told_apart_by_their_content_and_not_by_name_or_path()
    {
        var (red, blue) = (Bitmap(255, 0, 0), Bitmap(0, 0, 255));
        var path = Path.Combine(_folder.FullName, "x.bmp");
        await ExpectTruthAsync(Query(ImageSource.FromBytes(red)), Query(ImageSource.FromBytes(blue)));
        File.WriteAllBytes(path, red);
        var first = await ExpectTruthAsync(Query(ImageSource.FromFile(path)));
        File.WriteAllBytes(path, blue);
        var second = await ExpectTruthAsync(Query(ImageSource.FromFile(path)));
        Assert.NotEqual(first[0].Vector.ToArray(), second[0].Vector.ToArray());
        await ExpectTruthAsync(Query(EmbedderFixture.Image(1)), Query(EmbedderFixture.Image(2)));

        static EmbeddingInput Query(ImageSource image) => EmbeddingInput.Query("what is it", image);
    }

    [Fact]
    public async Task The_same_content_is_found_wherever_it_comes_from()
    {
        var bytes = Bitmap(10, 20, 30);
        var path = Path.Combine(_folder.FullName, "y.bmp");
        File.WriteAllBytes(path, bytes);
        var cached = Cached(fixture.Embedder);
        await cached.GenerateAsync([EmbeddingInput.Target("t", ImageSource.FromBytes(bytes, "one name"))], cancellationToken: Cancellation);
        var counter = new Counter(fixture.Embedder);
        await Cached(counter)
            .GenerateAsync(
                [
                    EmbeddingInput.Target("t", ImageSource.FromFile(path)),
                    EmbeddingInput.Target("t", ImageSource.FromBytes(bytes, "another name")),
                ],
                cancellationToken: Cancellation
            );
        Assert.Equal(0, counter.Items);
    }

    [Theory]
    [InlineData("broken bytes")]
    [InlineData("missing file")]
    [InlineData("empty")]
    [InlineData("null")]
    public async Task An_error_names_the_item_by_its_place_in_the_list_that_was_given(string fault)
    {
        EmbeddingInput bad = fault switch
        {
            "broken bytes" => EmbeddingInput.Query("q", ImageSource.FromBytes(new byte[] { 1, 2, 3 }, "upload.png")),
            "missing file" => EmbeddingInput.Query("q", ImageSource.FromFile(Path.Combine(_folder.FullName, "none.png"))),
            "empty" => EmbeddingInput.Query(""),
            _ => null!,
        };
        var cached = Cached(fixture.Embedder);
        EmbeddingInput[] known = [EmbeddingInput.Target("a"), EmbeddingInput.Target("b")];
        await cached.GenerateAsync(known, cancellationToken: Cancellation);
        var error = await Assert.ThrowsAnyAsync<RgeException>(() =>
            cached.GenerateAsync([.. known, EmbeddingInput.Target("new"), bad], cancellationToken: Cancellation)
        );
        Assert.Equal(3, error.ItemIndex);
        Assert.StartsWith("Item 3: ", error.Message, StringComparison.Ordinal);
        // Alone, it needs no number.
        var alone = await Assert.ThrowsAnyAsync<RgeException>(() => cached.GenerateAsync([bad], cancellationToken: Cancellation));
        Assert.Equal((0, error.Problem), (alone.ItemIndex, alone.Message));
    }

    [Fact]
    public async Task What_was_made_of_a_part_of_an_image_is_not_given_to_a_call_that_refuses_such_images()
    {
        var item = EmbeddingInput.Target("t", ImageSource.FromBytes(Bitmap(10, 20, 30).AsMemory()[..^3], "cut.bmp"));
        using var accepting = ReasoningEmbedder.Load(
            fixture.Folder,
            new ReasoningEmbedderOptions { Images = new ImageOptions { Truncated = TruncatedImages.Accept } }
        );
        await Cached(accepting).GenerateAsync([item], cancellationToken: Cancellation);
        await Assert.ThrowsAsync<ImageInputException>(() =>
            Cached(fixture.Embedder).GenerateAsync([item], cancellationToken: Cancellation)
        );
    }

    [Fact]
    public async Task Everything_an_item_says_is_in_the_key()
    {
        var image = EmbedderFixture.Image(1);
        var item = EmbeddingInput.Query("text", image);
        await ExpectTruthAsync(
            item,
            item with
            {
                Role = ItemRole.Target,
            },
            item with
            {
                Instruction = "find:",
            },
            item with
            {
                Instruction = "look for:",
            },
            item with
            {
                Text = "other",
            },
            item with
            {
                Reasoning = ReasoningMode.Off,
            },
            item with
            {
                Rationale = "because",
            },
            item with
            {
                Images = [],
            },
            item with
            {
                Images = [image, image],
            },
            item with
            {
                Content = [new TextPart("text "), new ImagePart(image)],
            },
            item with
            {
                Text = "<|image_1|> text",
            },
            item with
            {
                Content = [new ImagePart(image), new TextPart("text")],
            },
            item with
            {
                Text = "<|im_end|>",
            },
            item with
            {
                Text = "<|im_end|>",
                AllowSpecialTokens = true,
            }
        );
    }

    [Fact]
    public async Task Options_of_the_call_are_in_the_key_and_who_listens_is_not()
    {
        var cached = Cached(fixture.Embedder);
        var item = EmbeddingInput.Query("text");
        ReasoningEmbeddingOptions?[] calls =
        [
            null,
            new() { Dimensions = 16 },
            new() { Reasoning = ReasoningMode.Off },
            new() { Generation = new GenerationOptions { MaxRationaleTokens = 3 } },
            new()
            {
                Generation = new GenerationOptions
                {
                    MaxRationaleTokens = 6,
                    Temperature = 1.5,
                    Seed = 1,
                },
            },
            new()
            {
                Generation = new GenerationOptions
                {
                    MaxRationaleTokens = 6,
                    Temperature = 1.5,
                    Seed = 2,
                },
            },
        ];
        foreach (var options in calls)
        {
            var truth = await fixture.Embedder.EmbedAsync(item, options, Cancellation);
            for (var i = 0; i < 2; i++)
                Assert.Equal(truth.Vector.ToArray(), (await cached.GenerateAsync([item], options, Cancellation))[0].Vector.ToArray());
        }
        var counter = new Counter(fixture.Embedder);
        await Cached(counter)
            .GenerateAsync(
                [item],
                new ReasoningEmbeddingOptions { Dimensions = 16, Progress = new Progress<EmbeddingProgress>() },
                Cancellation
            );
        Assert.Equal(0, counter.Items);
    }

    [Fact]
    public async Task Models_and_their_settings_may_share_a_storage()
    {
        using var brief = ReasoningEmbedder.Load(
            fixture.Folder,
            new ReasoningEmbedderOptions { Generation = new GenerationOptions { MaxRationaleTokens = 2 } }
        );
        using var reasoning = ReasoningEmbedder.Load(
            fixture.Folder,
            new ReasoningEmbedderOptions { TargetReasoning = ReasoningMode.On, Generation = fixture.Embedder.Generation }
        );
        var other = Path.Combine(_folder.FullName, "other");
        RandomCheckpoint.Write(other, ModelShape.Tiny, seed: 4, TorchSharp.torch.ScalarType.Float32, cancellationToken: Cancellation);
        using var another = ReasoningEmbedder.Load(other, new ReasoningEmbedderOptions { Generation = fixture.Embedder.Generation });
        foreach (var embedder in (ReasoningEmbedder[])[fixture.Embedder, brief, reasoning, another])
        foreach (var item in (EmbeddingInput[])[EmbeddingInput.Query("text"), EmbeddingInput.Target("text")])
            await ExpectTruthAsync(embedder, item);
    }

    [Fact]
    public async Task A_cache_around_an_adapter_knows_its_role_and_instruction()
    {
        foreach (
            var (role, instruction) in ((ItemRole, string?)[])
                [(ItemRole.Query, null), (ItemRole.Target, null), (ItemRole.Target, "a:"), (ItemRole.Target, "b:")]
        )
        {
            var item = new EmbeddingInput
            {
                Role = role,
                Instruction = instruction,
                Text = "text",
            };
            var truth = await fixture.Embedder.EmbedAsync(item, cancellationToken: Cancellation);
            var generator = fixture.Embedder.ForText(role, instruction).AsBuilder().UseDistributedCache(_storage).Build();
            for (var i = 0; i < 2; i++)
                Assert.Equal(
                    truth.Vector.ToArray(),
                    (await generator.GenerateVectorAsync("text", cancellationToken: Cancellation)).ToArray()
                );
            // An adapter over a cache asks for the same items.
            Assert.Equal(
                truth.Vector.ToArray(),
                (
                    await Cached(fixture.Embedder).ForText(role, instruction).GenerateVectorAsync("text", cancellationToken: Cancellation)
                ).ToArray()
            );
        }
    }

    [Fact]
    public async Task A_cache_around_contents_reads_the_files_they_name()
    {
        var path = Path.Combine(_folder.FullName, "z.bmp");
        var generator = fixture.Embedder.ForContent(ItemRole.Target).AsBuilder().UseDistributedCache(_storage).Build();
        foreach (var bytes in (byte[][])[Bitmap(255, 0, 0), Bitmap(0, 255, 0)])
        {
            File.WriteAllBytes(path, bytes);
            var truth = await fixture.Embedder.EmbedAsync(
                EmbeddingInput.Target("", ImageSource.FromBytes(bytes)),
                cancellationToken: Cancellation
            );
            Assert.Equal(
                truth.Vector.ToArray(),
                (
                    await generator.GenerateVectorAsync([new UriContent(new Uri(path), "image/bmp")], cancellationToken: Cancellation)
                ).ToArray()
            );
        }
    }

    [Fact]
    public async Task Rationale_and_figures_survive_a_hit()
    {
        var item = EmbeddingInput.Query("what is here?", EmbedderFixture.Image(3));
        var cached = Cached(fixture.Embedder);
        var fresh = ReasoningEmbedding.From((await cached.GenerateAsync([item], cancellationToken: Cancellation))[0])!;
        var embedding = (await cached.GenerateAsync([item], cancellationToken: Cancellation))[0];
        Assert.IsType<JsonElement>(embedding.AdditionalProperties![ReasoningEmbedding.PropertyName]);
        var stored = ReasoningEmbedding.From(embedding)!;
        Assert.Equal(fresh.Rationale, stored.Rationale);
        Assert.NotEmpty(stored.RationaleIds);
        Assert.Equal(fresh.RationaleIds, stored.RationaleIds);
        Assert.Equal(fresh.Vector.ToArray(), stored.Vector.ToArray());
        Assert.Equal(
            (fresh.FinishReason, fresh.PromptTokens, fresh.ImageTokens, fresh.WrittenTokens, fresh.Timings),
            (stored.FinishReason, stored.PromptTokens, stored.ImageTokens, stored.WrittenTokens, stored.Timings)
        );
    }

    [Fact]
    public void Foreign_properties_of_the_same_name_are_no_rationales()
    {
        Assert.Null(ReasoningEmbedding.From(new Embedding<float>(new float[1])));
        foreach (
            var value in (object?[])
                [null, "text", JsonSerializer.SerializeToElement(new { other = 1 }), JsonSerializer.SerializeToElement(3)]
        )
            Assert.Null(
                ReasoningEmbedding.From(
                    new Embedding<float>(new float[1]) { AdditionalProperties = new() { [ReasoningEmbedding.PropertyName] = value } }
                )
            );
    }

    [Fact]
    public async Task The_general_cache_tells_images_apart_too()
    {
        var general = new DistributedCachingEmbeddingGenerator<EmbeddingInput, Embedding<float>>(fixture.Embedder, _storage);
        foreach (var bytes in (byte[][])[Bitmap(1, 0, 0), Bitmap(200, 0, 0)])
        {
            var item = EmbeddingInput.Target("t", ImageSource.FromBytes(bytes));
            Assert.Equal(
                (await fixture.Embedder.EmbedAsync(item, cancellationToken: Cancellation)).Vector.ToArray(),
                (await general.GenerateVectorAsync(item, cancellationToken: Cancellation)).ToArray()
            );
        }
    }

    [Fact]
    public async Task A_missing_image_is_an_error_of_its_own_and_is_not_stored()
    {
        var path = Path.Combine(_folder.FullName, "late.bmp");
        var item = EmbeddingInput.Target(null, ImageSource.FromFile(path));
        await Assert.ThrowsAsync<ImageInputException>(() =>
            Cached(fixture.Embedder).GenerateAsync([item], cancellationToken: Cancellation)
        );
        File.WriteAllBytes(path, Bitmap(1, 2, 3));
        await ExpectTruthAsync(item);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private IEmbeddingGenerator<EmbeddingInput, Embedding<float>> Cached(IEmbeddingGenerator<EmbeddingInput, Embedding<float>> embedder) =>
        embedder.AsBuilder().UseDistributedCache(_storage).Build();

    private Task<GeneratedEmbeddings<Embedding<float>>> ExpectTruthAsync(params EmbeddingInput[] items) =>
        ExpectTruthAsync(fixture.Embedder, items);

    /// <summary>Asks the cache twice, item by item, and compares with what the embedder says.</summary>
    private async Task<GeneratedEmbeddings<Embedding<float>>> ExpectTruthAsync(ReasoningEmbedder embedder, params EmbeddingInput[] items)
    {
        var cached = Cached(embedder);
        for (var round = 0; round < 2; round++)
            foreach (var item in items)
            {
                var truth = await embedder.EmbedAsync(item, cancellationToken: Cancellation);
                var found = (await cached.GenerateAsync([item], cancellationToken: Cancellation))[0];
                Assert.Equal(truth.Vector.ToArray(), found.Vector.ToArray());
                Assert.Equal(truth.Rationale, ReasoningEmbedding.From(found)!.Rationale);
            }
        return await cached.GenerateAsync(items, cancellationToken: Cancellation);
    }

    /// <summary>A bitmap of one colour.</summary>
    private static byte[] Bitmap(byte red, byte green, byte blue)
    {
        const int Side = 56,
            Header = 54;
        var file = new byte[Header + Side * Side * 3];
        "BM"u8.CopyTo(file);
        BitConverter.TryWriteBytes(file.AsSpan(2), file.Length);
        BitConverter.TryWriteBytes(file.AsSpan(10), Header);
        BitConverter.TryWriteBytes(file.AsSpan(14), 40);
        BitConverter.TryWriteBytes(file.AsSpan(18), Side);
        BitConverter.TryWriteBytes(file.AsSpan(22), Side);
        BitConverter.TryWriteBytes(file.AsSpan(26), (short)1);
        BitConverter.TryWriteBytes(file.AsSpan(28), (short)24);
        for (var i = Header; i < file.Length; i += 3)
            (file[i], file[i + 1], file[i + 2]) = (blue, green, red);
        return file;
    }

    /// <summary>Counts the items that get through to the embedder.</summary>
    private sealed class Counter(IEmbeddingGenerator<EmbeddingInput, Embedding<float>> inner)
        : DelegatingEmbeddingGenerator<EmbeddingInput, Embedding<float>>(inner)
    {
        public int Items { get; private set; }

        public override Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
            IEnumerable<EmbeddingInput> values,
            EmbeddingGenerationOptions? options = null,
            CancellationToken cancellationToken = default
        )
        {
            var items = values.ToArray();
            Items += items.Length;
            return base.GenerateAsync(items, options, cancellationToken);
        }
    }
}
