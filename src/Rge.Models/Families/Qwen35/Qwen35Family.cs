using Rge.Files;
using Rge.Models.Configuration;
using Rge.Models.Families.Qwen3Vl;
using Rge.Models.Layers;

namespace Rge.Models.Families.Qwen35;

/// <summary>
/// Qwen3.5: Qwen3-VL with gated delta nets in most decoder layers, attention with an output gate and partly rotated heads in the others,
/// norms that store their weight less one, and no deepstack.
/// </summary>
internal sealed class Qwen35Family : Qwen3VlFamily
{
    private static readonly TextTraits Traits = new()
    {
        ReadsAttentionBias = true,
        QkNorm = true,
        MropeInterleaved = true,
        DefaultHeadDim = 256,
        DefaultPartialRotaryFactor = 0.25,
        DefaultMropeSection = [11, 11, 10],
        DefaultRopeTheta = 1e7,
    };

    public override string ModelType => "qwen3_5";

    protected override IReadOnlyList<int> DefaultDeepstackBlocks => [];

    /// <summary>The heads that predict further tokens are there for speculative decoding.</summary>
    public override bool IsUnused(string name) => name.StartsWith("mtp.", StringComparison.Ordinal);

    /// <summary>Rates and decays are raised to powers by the recurrence, and have next to no weights.</summary>
    public override bool StaysDense(string module) =>
        module.EndsWith(".in_proj_a", StringComparison.Ordinal) || module.EndsWith(".in_proj_b", StringComparison.Ordinal);

    public override TextConfig ReadText(ConfigReader root, ConfigReader text)
    {
        var config = TextFields.Read(root, text, Traits);
        return config with { AttentionGate = true, DeltaNet = DeltaNetFields.Read(text, config.NumHiddenLayers) };
    }

    public override VisionConfig ReadVision(ConfigReader vision, int textHidden)
    {
        var config = base.ReadVision(vision, textHidden);
        return config.DeepstackBlocks.Count == 0
            ? config
            : throw vision.Error("deepstack_visual_indexes", "names blocks, expected none: Qwen3.5 has no deepstack");
    }

    public override INorm DecoderNorm(TextConfig config, LayerFactory factory, string module, long width) =>
        factory.RmsNorm(module, width, config.RmsNormEps, offset: 1);

    protected override ITokenMixer TokenMixer(TextConfig config, LayerFactory factory, string name, int index) =>
        config.DeltaNet!.Layers.Contains(index)
            ? new GatedDeltaNet(config, factory, name + "linear_attn.")
            : base.TokenMixer(config, factory, name, index);
}
