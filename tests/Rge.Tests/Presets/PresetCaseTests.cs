using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inputs;
using Rge.Prompts;
using Rge.Tests.Shared;
using Rge.Tests.Shared.Embedders;

namespace Rge.Tests.Presets;

/// <summary>Every case of the reference's presets, as far as items can be expressed.</summary>
public sealed class PresetCaseTests
{
    /// <summary>Families whose cases are read, each with the number of embeddings that are compared.</summary>
    private static readonly Dictionary<string, int> Families = new(StringComparer.Ordinal)
    {
        ["qwen2_vl"] = 15,
        ["qwen3_vl"] = 9,
        ["qwen3_5"] = 7,
    };

    /// <summary>What is left out: cases with videos, which no item can have.</summary>
    private static readonly string[] LeftOut =
    [
        "qwen2_vl/vlm2vec/video_text",
        "qwen3_vl/qwen3_vl_embedding/video_text",
        "qwen3_vl/qwen3_vl_embedding/video_image_text",
        "qwen3_vl/qwen3_vl_reranker/video",
        "qwen3_5/wemm/video_text",
    ];

    private static readonly Dictionary<string, ModelPreset> Presets = new(StringComparer.Ordinal)
    {
        ["vlm2vec"] = ModelPreset.Named("vlm2vec"),
        ["gme"] = ModelPreset.Named("gme"),
        ["ume_r1_disc"] = ModelPreset.Named("ume-r1"),
        ["ume_r1_gen"] = ModelPreset.Named("ume-r1-generative"),
        ["rge"] = ModelPreset.Rge,
        ["qwen3_vl_embedding"] = ModelPreset.Named("qwen3-vl-embedding"),
        ["qwen3_vl_reranker"] = ModelPreset.Qwen3VlReranker,
        ["wemm"] = ModelPreset.Named("wemm"),
    };

    public static TheoryData<string> FamilyNames => [.. Families.Keys];

    [Theory]
    [MemberData(nameof(FamilyNames))]
    public async Task Prompt_grids_positions_and_embedding_equal_those_of_the_published_code(string family)
    {
        var compared = 0;
        foreach (var group in Cases(family).Where(item => item.Score is null).GroupBy(item => item.Preset))
        {
            using var embedder = Load(family, Presets[group.Key]);
            foreach (var item in group)
            {
                await CompareAsync(family, embedder, item);
                compared++;
            }
        }
        Assert.Equal(Families[family], compared);
    }

    [Theory]
    [MemberData(nameof(FamilyNames))]
    public void Sizes_of_images_equal_those_of_the_published_code(string family)
    {
        foreach (var (name, rows) in PresetCase.Sizes(family))
        {
            var processor = PresetProcessor.Apply(Presets[name], Processor(family), Images(Presets[name])).Images;
            foreach (var row in rows)
                Assert.Equal(
                    (name, row[0], row[1], new ImageGrid(1, row[2] / processor.Config.PatchSize, row[3] / processor.Config.PatchSize)),
                    (name, row[0], row[1], processor.GridOf(row[1], row[0]))
                );
        }
    }

    [Fact]
    public async Task Generative_embeddings_are_taken_where_the_model_has_written_to()
    {
        const string Family = "qwen2_vl";
        using var embedder = Load(Family, ModelPreset.Named("ume-r1-generative"));
        Assert.Equal(8192, embedder.Generation.MaxRationaleTokens);
        var options = new ReasoningEmbeddingOptions { Generation = embedder.Generation with { MaxRationaleTokens = 7 } };
        var target = EmbeddingInput.Target("A cat and a dog");
        var embedding = await embedder.EmbedAsync(target, options, TestContext.Current.CancellationToken);
        Assert.NotEqual(FinishReason.NotGenerated, embedding.FinishReason);
        Assert.InRange(embedding.RationaleIds.Count, 1, 7);

        // The state at the last mark, or without one the state that the last token was chosen from.
        var mark = embedding.RationaleIds.ToList().LastIndexOf(embedder.EmbTokenId);
        var model = (QwenVlModel)embedder.GetService(typeof(QwenVlModel))!;
        var prompt = new PromptBuilder(model.Config, embedder.Processor, embedder.Preset).Build(target, [], reasons: true);
        var read = embedding.RationaleIds.Take(mark >= 0 ? mark + 1 : embedding.RationaleIds.Count - 1);
        using var scope = TorchSharp.torch.NewDisposeScope();
        var hidden = model.Encode([new ModelInput([.. prompt.TokenIds, .. read])]).data<float>().ToArray();
        Assert.InRange(Vectors.CosineDistance(hidden, embedding.Vector.Span), -1e-5, 1e-5);

        var off = target with { Reasoning = ReasoningMode.Off };
        var error = await Assert.ThrowsAsync<EmbeddingException>(() => embedder.EmbedAsync(off));
        Assert.Contains("every item writes a rationale", error.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<PresetCase> Cases(string family) =>
        PresetCase.Read(family).Where(item => !LeftOut.Contains($"{family}/{item.Preset}/{item.Name}"));

    private static async Task CompareAsync(string family, ReasoningEmbedder embedder, PresetCase item)
    {
        var model = (QwenVlModel)embedder.GetService(typeof(QwenVlModel))!;
        var input = Item(family, item);
        var grids = input.Images.Select(image => image.Load(embedder.Processor.Images, ImageLimits.Default).Grid).ToArray();
        Assert.Equal(item.ImageGrids, grids.Select(grid => (int[])[grid.Temporal, grid.Height, grid.Width]));

        var prompts = new PromptBuilder(model.Config, embedder.Processor, embedder.Preset);
        var prompt = prompts.Build(input, grids, reasons: false);
        var end = embedder.Preset == ModelPreset.Rge ? "<emb>" : "";
        Assert.Equal(item.Prompt, prompts.Text(input) + (item.Continuation ?? "") + end);
        Assert.Equal(item.InputIds, prompt.TokenIds);
        Assert.Equal(item.PooledIndex, prompt.PooledIndex);
        Assert.Equal(item.PooledToken, embedder.Processor.Tokenizer.Token(prompt.TokenIds[prompt.PooledIndex]));
        var positions = MropePositions.Compute(prompt.TokenIds, grids, model.Config, scheme: embedder.Preset.Positions);
        Assert.Equal(item.PositionIds, [positions.Time, positions.Height, positions.Width]);

        var embedding = await embedder.EmbedAsync(input, cancellationToken: TestContext.Current.CancellationToken);
        Assert.InRange(Distance(item.Embedding!, embedding.Vector), -1e-5, 1e-5);
        if (item.First16 is { } first)
        {
            var cut = await embedder.EmbedAsync(
                input,
                new ReasoningEmbeddingOptions { Dimensions = first.Length },
                TestContext.Current.CancellationToken
            );
            Assert.InRange(Distance(first, cut.Vector), -1e-5, 1e-5);
            Assert.Equal(first.Select(value => (float)value), cut.Vector.ToArray(), (a, b) => Math.Abs(a - b) < 1e-4);
        }
    }

    private static double Distance(double[] expected, ReadOnlyMemory<float> found) =>
        Vectors.CosineDistance(Array.ConvertAll(expected, value => (float)value), found.Span);

    private static EmbeddingInput Item(string family, PresetCase item) =>
        new()
        {
            // Without the spaces that Text and Images put between: the texts of the cases bring their own.
            Content =
            [
                .. item.Images.Select(name => new ImagePart(ImageSource.FromFile(Golden.Require("presets", family, "images", name)))),
                .. item.Preset == "rge" && item.Images.Length > 0 ? [new TextPart(" ")] : (ContentPart[])[],
                .. item.Text is { } text ? [new TextPart(text)] : (ContentPart[])[],
            ],
            Instruction = item.Instruction,
            Rationale = item.Continuation,
            AllowSpecialTokens = item.Continuation is not null,
            Reasoning = ReasoningMode.Off,
        };

    private static ReasoningEmbedder Load(string family, ModelPreset preset) =>
        ReasoningEmbedder.Load(
            Golden.Require("presets", family, "model"),
            new ReasoningEmbedderOptions { Preset = preset, Images = Images(preset) }
        );

    private static QwenVlProcessor Processor(string family) => QwenVlProcessor.Load(Golden.Require("presets", family, "model"));

    /// <summary>The limits that reasoning-guided checkpoints are trained with; those of the other presets are in the presets.</summary>
    private static ImageOptions? Images(ModelPreset preset) =>
        preset == ModelPreset.Rge ? new ImageOptions { MinPixels = 256 * 28 * 28, MaxPixels = 1024 * 28 * 28 } : null;
}
