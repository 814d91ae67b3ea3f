using Rge.Models.Configuration;

namespace Rge.Models;

/// <summary>Names and shapes of every tensor a checkpoint of a given configuration holds, by the newest Hugging Face names.</summary>
public static class ParameterLayout
{
    /// <summary>Name of the output projection; absent from checkpoints whose <see cref="TextConfig.TieWordEmbeddings"/> is true.</summary>
    public const string OutputProjection = "lm_head.weight";

    /// <summary>Name of the token embedding.</summary>
    public const string TokenEmbedding = "model.language_model.embed_tokens.weight";

    /// <summary>Lists the tensors of a configuration, in the order of the forward pass.</summary>
    public static IReadOnlyDictionary<string, long[]> Of(QwenVlConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var layout = new OrderedDictionary<string, long[]>(StringComparer.Ordinal);
        AddVision(layout, config);
        AddText(layout, config.Text);
        return layout;
    }

    /// <summary>Whether a tensor that <see cref="Of"/> does not list may lie in a checkpoint all the same: the output projection where it is tied.</summary>
    public static bool IsIgnorable(QwenVlConfig config, string name)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.Text.TieWordEmbeddings && name == OutputProjection;
    }

    private static void AddText(OrderedDictionary<string, long[]> layout, TextConfig c)
    {
        long hidden = c.HiddenSize, query = (long)c.NumAttentionHeads * c.HeadDim, keyValue = (long)c.NumKeyValueHeads * c.HeadDim;
        layout.Add(TokenEmbedding, [c.VocabSize, hidden]);
        for (var i = 0; i < c.NumHiddenLayers; i++)
        {
            var layer = $"model.language_model.layers.{i}.";
            layout.Add(layer + "input_layernorm.weight", [hidden]);
            AddLinear(layout, layer + "self_attn.q_proj", query, hidden, c.QkvBias);
            AddLinear(layout, layer + "self_attn.k_proj", keyValue, hidden, c.QkvBias);
            AddLinear(layout, layer + "self_attn.v_proj", keyValue, hidden, c.QkvBias);
            AddLinear(layout, layer + "self_attn.o_proj", hidden, query, c.OutputBias);
            if (c.QkNorm)
            {
                layout.Add(layer + "self_attn.q_norm.weight", [c.HeadDim]);
                layout.Add(layer + "self_attn.k_norm.weight", [c.HeadDim]);
            }
            layout.Add(layer + "post_attention_layernorm.weight", [hidden]);
            AddLinear(layout, layer + "mlp.gate_proj", c.IntermediateSize, hidden, bias: false);
            AddLinear(layout, layer + "mlp.up_proj", c.IntermediateSize, hidden, bias: false);
            AddLinear(layout, layer + "mlp.down_proj", hidden, c.IntermediateSize, bias: false);
        }
        layout.Add("model.language_model.norm.weight", [hidden]);
        if (!c.TieWordEmbeddings) layout.Add(OutputProjection, [c.VocabSize, hidden]);
    }

    private static void AddVision(OrderedDictionary<string, long[]> layout, QwenVlConfig config)
    {
        var c = config.Vision;
        long hidden = c.HiddenSize, merged = hidden * c.SpatialMergeSize * c.SpatialMergeSize;
        const string Root = "model.visual.";
        layout.Add(Root + "patch_embed.proj.weight", [hidden, c.InChannels, c.TemporalPatchSize, c.PatchSize, c.PatchSize]);
        if (config.Family == ModelFamily.Qwen3Vl)
        {
            layout.Add(Root + "patch_embed.proj.bias", [hidden]);
            layout.Add(Root + "pos_embed.weight", [c.NumPositionEmbeddings, hidden]);
        }
        for (var i = 0; i < c.Depth; i++)
        {
            var block = $"{Root}blocks.{i}.";
            AddNorm(layout, block + "norm1", hidden, config.Family);
            AddLinear(layout, block + "attn.qkv", 3 * hidden, hidden);
            AddLinear(layout, block + "attn.proj", hidden, hidden);
            AddNorm(layout, block + "norm2", hidden, config.Family);
            switch (config.Family)
            {
                case ModelFamily.Qwen25Vl:
                    AddLinear(layout, block + "mlp.gate_proj", c.IntermediateSize, hidden);
                    AddLinear(layout, block + "mlp.up_proj", c.IntermediateSize, hidden);
                    AddLinear(layout, block + "mlp.down_proj", hidden, c.IntermediateSize);
                    break;
                case ModelFamily.Qwen2Vl:
                    AddLinear(layout, block + "mlp.fc1", c.IntermediateSize, hidden);
                    AddLinear(layout, block + "mlp.fc2", hidden, c.IntermediateSize);
                    break;
                default:
                    AddLinear(layout, block + "mlp.linear_fc1", c.IntermediateSize, hidden);
                    AddLinear(layout, block + "mlp.linear_fc2", hidden, c.IntermediateSize);
                    break;
            }
        }
        if (config.Family == ModelFamily.Qwen3Vl)
        {
            AddMerger(layout, Root + "merger", hidden);
            for (var i = 0; i < c.DeepstackBlocks.Count; i++) AddMerger(layout, $"{Root}deepstack_merger_list.{i}", merged);
        }
        else
        {
            AddNorm(layout, Root + "merger.ln_q", hidden, config.Family);
            AddLinear(layout, Root + "merger.mlp.0", merged, merged);
            AddLinear(layout, Root + "merger.mlp.2", c.OutHiddenSize, merged);
        }

        void AddMerger(OrderedDictionary<string, long[]> target, string module, long normWidth)
        {
            AddNorm(target, module + ".norm", normWidth, config.Family);
            AddLinear(target, module + ".linear_fc1", merged, merged);
            AddLinear(target, module + ".linear_fc2", c.OutHiddenSize, merged);
        }
    }

    private static void AddLinear(OrderedDictionary<string, long[]> layout, string module, long outputs, long inputs, bool bias = true)
    {
        layout.Add(module + ".weight", [outputs, inputs]);
        if (bias) layout.Add(module + ".bias", [outputs]);
    }

    /// <summary>Qwen2.5-VL's vision norms are RMSNorm, without a bias; the others' are LayerNorm.</summary>
    private static void AddNorm(OrderedDictionary<string, long[]> layout, string module, long width, ModelFamily family)
    {
        layout.Add(module + ".weight", [width]);
        if (family != ModelFamily.Qwen25Vl) layout.Add(module + ".bias", [width]);
    }
}
