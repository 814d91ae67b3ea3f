using System.Text.Json.Nodes;
using Rge.Imaging;
using Rge.Models;
using static TorchSharp.torch;

namespace Rge.Tests.Shared;

/// <summary>Random models of a few thousand parameters, of each family, made in memory.</summary>
internal static class TinyModel
{
    public const int ImageToken = 90;
    public const int EmbToken = 95;

    /// <summary>What Qwen3.5 has beside the other families' fields.</summary>
    private const string DeltaNet = """
        {"layer_types":["linear_attention","full_attention","linear_attention"],"partial_rotary_factor":0.5,"linear_num_key_heads":2,
         "linear_num_value_heads":4,"linear_key_head_dim":8,"linear_value_head_dim":16,"linear_conv_kernel_dim":3}
        """;

    public static QwenVlConfig Config(ModelFamily family) => QwenVlConfig.Parse(Json(family), "config.json");

    public static JsonObject Json(ModelFamily family)
    {
        var (type, section, vision) = family switch
        {
            ModelFamily.Qwen2Vl => (
                "qwen2_vl",
                "[2,3,3]",
                """{"depth":2,"embed_dim":32,"mlp_ratio":2,"num_heads":2,"hidden_size":32,"patch_size":4}"""
            ),
            ModelFamily.Qwen25Vl => (
                "qwen2_5_vl",
                "[2,3,3]",
                """{"depth":2,"hidden_size":32,"intermediate_size":40,"num_heads":2,"out_hidden_size":32,"patch_size":4,"""
                    + """ "window_size":16,"fullatt_block_indexes":[1]}"""
            ),
            ModelFamily.Qwen35 => (
                "qwen3_5",
                "[2,1,1]",
                """{"depth":3,"hidden_size":32,"intermediate_size":40,"num_heads":2,"out_hidden_size":32,"patch_size":4,"""
                    + """ "num_position_embeddings":16}"""
            ),
            _ => (
                "qwen3_vl",
                "[3,3,2]",
                """{"depth":3,"hidden_size":32,"intermediate_size":40,"num_heads":2,"out_hidden_size":32,"patch_size":4,"""
                    + """ "num_position_embeddings":16,"deepstack_visual_indexes":[0,1]}"""
            ),
        };
        var json = JsonNode
            .Parse(
                $$"""
                {"model_type":"{{type}}","hidden_size":32,"intermediate_size":48,"num_hidden_layers":3,
                 "num_attention_heads":4,"num_key_value_heads":2,
                 "head_dim":16,"vocab_size":96,"rms_norm_eps":1e-6,"rope_theta":10000,
                 "rope_scaling":{"type":"mrope","mrope_section":{{section}}},
                 "tie_word_embeddings":true,"image_token_id":{{ImageToken}},"video_token_id":91,
                 "vision_start_token_id":88,"vision_end_token_id":89,
                 "vision_config":{{vision}}}
                """
            )!
            .AsObject();
        if (family == ModelFamily.Qwen35)
            foreach (var (field, value) in JsonNode.Parse(DeltaNet)!.AsObject())
                json[field] = value!.DeepClone();
        return json;
    }

    public static QwenVlModel Create(ModelFamily family, int seed = 1, double scale = 0.2)
    {
        var config = Config(family);
        using var generator = new Generator((ulong)seed);
        var parameters = ParameterLayout
            .Create(config)
            .ToDictionary(
                p => p.Key,
                p =>
                    p.Key.Contains("norm", StringComparison.Ordinal) && p.Key.EndsWith("weight", StringComparison.Ordinal)
                        ? ones(p.Value)
                        : randn(p.Value, generator: generator).mul_(scale),
                StringComparer.Ordinal
            );
        return new QwenVlModel(config, parameters);
    }

    /// <summary>An image of random patches.</summary>
    public static PatchedImage Image(QwenVlConfig config, int height, int width, int seed = 1)
    {
        var (random, grid) = (new Random(seed), new ImageGrid(1, height, width));
        return new PatchedImage(
            [.. Enumerable.Range(0, grid.Patches * config.Vision.PatchLength).Select(_ => (float)random.NextDouble() * 2 - 1)],
            grid
        );
    }

    /// <summary>Random text tokens around the places of the given images.</summary>
    public static int[] Tokens(QwenVlConfig config, int text, int seed, params ImageGrid[] images)
    {
        var random = new Random(seed);
        var tokens = Enumerable.Range(0, text).Select(_ => random.Next(80)).ToList();
        foreach (var grid in images)
        {
            var place = random.Next(tokens.Count + 1);
            while (place > 0 && place < tokens.Count && tokens[place - 1] == ImageToken && tokens[place] == ImageToken)
                place++;
            tokens.InsertRange(
                place,
                [config.VisionStartTokenId, .. Enumerable.Repeat(ImageToken, grid.MergedPatches(2)), config.VisionEndTokenId]
            );
        }
        return [.. tokens];
    }
}
