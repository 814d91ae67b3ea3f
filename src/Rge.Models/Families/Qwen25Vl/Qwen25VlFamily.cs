using Rge.Files;
using Rge.Imaging;
using Rge.Models.Checkpoints;
using Rge.Models.Configuration;
using Rge.Models.Layers;

namespace Rge.Models.Families.Qwen25Vl;

/// <summary>Qwen2.5-VL: RMSNorm vision blocks with a gated MLP, windowed attention.</summary>
internal sealed class Qwen25VlFamily : FamilyDefinition
{
    public override string ModelType => "qwen2_5_vl";

    public override WeightNaming Naming => WeightNaming.Old;

    public override TextConfig ReadText(ConfigReader root, ConfigReader text) => TextFields.Read(root, text, TextTraits.Qwen2);

    public override VisionConfig ReadVision(ConfigReader vision, int textHidden)
    {
        var config = VisionFields.Read(
            vision,
            textHidden,
            widthField: "hidden_size",
            outputField: "out_hidden_size",
            defaultOutput: textHidden,
            defaultActivation: "silu"
        ) with
        {
            WindowSize = vision.Int("window_size", 1, 1 << 16, fallback: 112),
            FullAttentionBlocks = vision.Ints("fullatt_block_indexes") ?? [7, 15, 23, 31],
        };
        return config.WindowSize >= config.PatchSize * config.SpatialMergeSize
            ? config
            : throw vision.Error("window_size", $"is {config.WindowSize}, smaller than one merged patch");
    }

    public override INorm VisionNorm(LayerFactory factory, string module, long width) => factory.RmsNorm(module, width, VisionNormEpsilon);

    public override IFeedForward VisionFeedForward(VisionConfig config, LayerFactory factory, string name) =>
        GatedFeedForward.Create(factory, name, config.HiddenSize, config.IntermediateSize, bias: true, Activations.Named(config.HiddenAct));

    public override PatchWindows Windows(VisionConfig config, ImageGrid grid) =>
        WindowOrder.Sort(grid, config.SpatialMergeSize, config.WindowSize / config.PatchSize / config.SpatialMergeSize);
}
