using System.Text.Json.Nodes;
using Rge.Imaging;
using Rge.Models;
using Rge.Models.Checkpoints;
using Rge.Tests.Shared.Embedders;
using Rge.Text;
using SkiaSharp;
using static TorchSharp.torch;

namespace Rge.Tests;

/// <summary>Checkpoints and adapters whose files disagree, as callers of the embedder meet them.</summary>
public sealed class DisagreeingCheckpointTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-disagree-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Without_an_output_projection_everything_but_writing_works()
    {
        Copy();
        Edit("config.json", json => json["tie_word_embeddings"] = false);
        using var embedder = ReasoningEmbedder.Load(_folder);
        var target = EmbeddingInput.Target("a red kite");
        var query = EmbeddingInput.Query("a red kite") with { Rationale = "kite" };
        Assert.Equal(1, await SimilarityAsync(fixture.Embedder, embedder, target), 1e-5);
        Assert.Equal(1, await SimilarityAsync(fixture.Embedder, embedder, query), 1e-5);

        var results = await embedder.TryEmbedAsync([target, EmbeddingInput.Query("a red kite"), query], cancellationToken: Cancellation);
        Assert.Equal([true, false, true], results.Select(result => result.Embedding is not null));
        Assert.Contains("lm_head.weight", results[1].Error!.Message, StringComparison.Ordinal);
        Assert.Contains("--pooling last", results[1].Error!.Message, StringComparison.Ordinal);

        using var last = ReasoningEmbedder.Load(_folder, new ReasoningEmbedderOptions { Pooling = EmbeddingPooling.LastToken });
        Assert.NotNull(await last.EmbedAsync(EmbeddingInput.Query("a red kite"), cancellationToken: Cancellation));
    }

    [Fact]
    public async Task The_tokenizer_template_and_settings_of_an_adapter_are_used()
    {
        Copy();
        var adapter = WriteAdapter();
        foreach (var file in new[] { "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "generation_config.json" })
            File.Copy(Path.Combine(_folder, file), Path.Combine(adapter, file));
        File.WriteAllText(
            Path.Combine(adapter, "chat_template.jinja"),
            "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %} !"
        );
        // The base knows <emb> under another name, and other settings.
        foreach (var file in new[] { "tokenizer.json", "tokenizer_config.json" })
            File.WriteAllText(
                Path.Combine(_folder, file),
                File.ReadAllText(Path.Combine(_folder, file))
                    .Replace("<emb>", "<other>", StringComparison.Ordinal)
                    .Replace("\\u003Cemb\\u003E", "<other>", StringComparison.Ordinal)
            );
        Edit("preprocessor_config.json", json => json["max_pixels"] = 4 * 28 * 28);
        Edit("generation_config.json", json => json["repetition_penalty"] = 3.5);
        Assert.Contains(
            "<emb>",
            Assert.Throws<EmbeddingException>(() => ReasoningEmbedder.Load(_folder)).Message,
            StringComparison.Ordinal
        );

        using var embedder = ReasoningEmbedder.Load(
            _folder,
            new ReasoningEmbedderOptions { Model = new QwenVlModelOptions { Adapter = adapter } }
        );
        Assert.Equal(fixture.Embedder.EmbTokenId, embedder.EmbTokenId);
        Assert.Equal(16 * 28 * 28, embedder.Processor.Images.Config.MaxPixels);
        Assert.Equal(1.05, embedder.Generation.RepetitionPenalty);
        Assert.Equal("kite\n !", embedder.Processor.Template.Render([ChatPart.Text("kite\n")]).ToString());
        Assert.NotNull(await embedder.EmbedAsync(EmbeddingInput.Target("a red kite"), cancellationToken: Cancellation));
    }

    [Fact]
    public async Task An_emb_that_only_the_grown_vocabulary_of_the_adapter_has_is_pooled()
    {
        Copy();
        var adapter = WriteAdapter(grownTo: 514);
        var tokenizer = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, "tokenizer.json")))!;
        var emb = tokenizer["added_tokens"]!.AsArray().Single(token => (string)token!["content"]! == "<emb>")!;
        emb["id"] = 513;
        File.WriteAllText(Path.Combine(adapter, "tokenizer.json"), tokenizer.ToJsonString());
        using var embedder = ReasoningEmbedder.Load(
            _folder,
            new ReasoningEmbedderOptions { Model = new QwenVlModelOptions { Adapter = adapter } }
        );
        Assert.Equal(513, embedder.EmbTokenId);
        Assert.NotNull(await embedder.EmbedAsync(EmbeddingInput.Target("a red kite"), cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_token_that_the_model_has_no_row_for_is_named()
    {
        Copy();
        var path = Path.Combine(_folder, "tokenizer.json");
        var tokenizer = JsonNode.Parse(File.ReadAllText(path))!;
        tokenizer["added_tokens"]!
            .AsArray()
            .Add(
                new JsonObject
                {
                    ["id"] = 600,
                    ["content"] = "<far>",
                    ["special"] = true,
                }
            );
        File.WriteAllText(path, tokenizer.ToJsonString());
        using var embedder = ReasoningEmbedder.Load(_folder);
        Assert.NotNull(await embedder.EmbedAsync(EmbeddingInput.Target("<far>"), cancellationToken: Cancellation));
        var error = await Assert.ThrowsAsync<EmbeddingException>(() =>
            embedder.EmbedAsync(EmbeddingInput.Target("<far>") with { AllowSpecialTokens = true }, cancellationToken: Cancellation)
        );
        Assert.Contains("the token <far> with id 600, but the model's vocabulary has 512 rows", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_for_images_reach_every_image_and_the_fingerprint()
    {
        using var bitmap = new SKBitmap(300, 200);
        bitmap.Erase(SKColors.Teal);
        using var jpeg = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90);
        var file = jpeg.ToArray();
        var whole = EmbeddingInput.Target(null, ImageSource.FromBytes(file, "whole.jpg"));
        var cut = EmbeddingInput.Target(null, ImageSource.FromBytes(file.AsMemory(0, file.Length - 40), "cut.jpg"));

        using var small = ReasoningEmbedder.Load(
            fixture.Folder,
            new ReasoningEmbedderOptions
            {
                Images = new ImageOptions { MaxPixels = 6 * 28 * 28, Truncated = TruncatedImages.Accept },
            }
        );
        using var upright = ReasoningEmbedder.Load(
            fixture.Folder,
            new ReasoningEmbedderOptions { Images = new ImageOptions { ExifOrientation = true } }
        );
        Assert.InRange((await small.EmbedAsync(whole, cancellationToken: Cancellation)).ImageTokens, 4, 6);
        Assert.InRange((await fixture.Embedder.EmbedAsync(whole, cancellationToken: Cancellation)).ImageTokens, 10, 16);
        Assert.NotNull(await small.EmbedAsync(cut, cancellationToken: Cancellation));
        Assert.Contains(
            "cut.jpg is a truncated JPEG",
            (
                await Assert.ThrowsAsync<ImageInputException>(() => fixture.Embedder.EmbedAsync(cut, cancellationToken: Cancellation))
            ).Message,
            StringComparison.Ordinal
        );
        string[] fingerprints =
        [
            ModelFingerprint.Compute(fixture.Embedder),
            ModelFingerprint.Compute(small),
            ModelFingerprint.Compute(upright),
        ];
        Assert.Equal(3, fingerprints.Distinct().Count());

        // The same for an embedder around a model that was loaded before.
        using var model = QwenVlModel.Load(fixture.Folder);
        using var around = new ReasoningEmbedder(
            model,
            QwenVlProcessor.Load(fixture.Folder),
            new ReasoningEmbedderOptions { Images = new ImageOptions { MaxPixels = 6 * 28 * 28 } }
        );
        Assert.Equal(ModelFingerprint.Compute(small), ModelFingerprint.Compute(around));
    }

    [Fact]
    public async Task An_image_without_room_in_the_prompt_is_refused_by_its_size()
    {
        using var embedder = ReasoningEmbedder.Load(
            fixture.Folder,
            new ReasoningEmbedderOptions
            {
                MaxPromptTokens = 50,
                Images = new ImageOptions { MaxPixels = int.MaxValue },
            }
        );
        var error = await Assert.ThrowsAsync<ImageInputException>(() =>
            embedder.EmbedAsync(EmbeddingInput.Target(null, EmbedderFixture.Image(1, 560, 560)), cancellationToken: Cancellation)
        );
        Assert.Contains("It would take 400 image tokens, expected at most 50", error.Message, StringComparison.Ordinal);
    }

    private static async Task<double> SimilarityAsync(ReasoningEmbedder left, ReasoningEmbedder right, EmbeddingInput input)
    {
        var (a, b) = (
            await left.EmbedAsync(input, cancellationToken: Cancellation),
            await right.EmbedAsync(input, cancellationToken: Cancellation)
        );
        return Similarity.Cosine(a.Vector.Span, b.Vector.Span);
    }

    private void Copy()
    {
        foreach (var file in Directory.EnumerateFiles(fixture.Folder))
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)));
    }

    private void Edit(string file, Action<JsonObject> change)
    {
        var path = Path.Combine(_folder, file);
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    /// <summary>An adapter of rank 1 on one layer, in a folder of its own.</summary>
    private string WriteAdapter(int? grownTo = null)
    {
        using var scope = NewDisposeScope();
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "adapter")).FullName;
        const string Module = "base_model.model.model.layers.0.mlp.up_proj.";
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            [Module + "lora_A.weight"] = rand(1, 64),
            [Module + "lora_B.weight"] = rand(128, 1),
        };
        if (grownTo is { } rows)
            tensors["base_model.model.model.embed_tokens.weight"] = rand(rows, 64);
        SafetensorsWriter.Write(Path.Combine(folder, PeftAdapter.WeightsFile), tensors);
        File.WriteAllText(Path.Combine(folder, PeftAdapter.ConfigFile), """{"peft_type":"LORA","r":1,"lora_alpha":1}""");
        return folder;
    }
}
