using Rge.Files;
using Rge.Models.Configuration;

namespace Rge.Models.Families.Qwen35;

/// <summary>Reads from config.json which layers of the decoder are gated delta nets, and their shape.</summary>
internal static class DeltaNetFields
{
    private const string Linear = "linear_attention",
        Full = "full_attention";

    /// <summary>Reads the fields.</summary>
    /// <param name="text">The object that holds the decoder's fields.</param>
    /// <param name="layers">Number of decoder layers.</param>
    /// <exception cref="CheckpointException">A field has a value that is not supported.</exception>
    public static DeltaNetConfig Read(ConfigReader text, int layers)
    {
        var config = new DeltaNetConfig
        {
            Layers = ReadLayers(text, layers),
            NumKeyHeads = text.Int("linear_num_key_heads", 1, 1024, fallback: 16),
            KeyHeadDim = text.Int("linear_key_head_dim", 1, 1024, fallback: 128),
            NumValueHeads = text.Int("linear_num_value_heads", 1, 1024, fallback: 32),
            ValueHeadDim = text.Int("linear_value_head_dim", 1, 1024, fallback: 128),
            ConvKernelDim = text.Int("linear_conv_kernel_dim", 2, 64, fallback: 4),
        };
        return config.NumValueHeads % config.NumKeyHeads == 0
            ? config
            : throw text.Error(
                "linear_num_value_heads",
                $"is {config.NumValueHeads}, expected a multiple of the {config.NumKeyHeads} key heads"
            );
    }

    private static int[] ReadLayers(ConfigReader text, int layers)
    {
        if (text.Strings("layer_types") is not { } types)
        {
            var interval = text.Int("full_attention_interval", 1, 1024, fallback: 4);
            return [.. Enumerable.Range(0, layers).Where(layer => (layer + 1) % interval != 0)];
        }
        if (types.Count != layers)
            throw text.Error("layer_types", $"names {types.Count} layers, expected num_hidden_layers, {layers}");
        if (types.FirstOrDefault(type => type is not (Linear or Full)) is { } unknown)
            throw text.Error("layer_types", $"has '{unknown}', expected {Linear} or {Full}");
        return [.. Enumerable.Range(0, layers).Where(layer => types[layer] == Linear)];
    }
}
