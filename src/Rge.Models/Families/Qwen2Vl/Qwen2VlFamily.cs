using Rge.Files;
using Rge.Models.Checkpoints;
using Rge.Models.Configuration;
using Rge.Models.Layers;

namespace Rge.Models.Families.Qwen2Vl;

/// <summary>Qwen2-VL: LayerNorm vision blocks, full attention over the image.</summary>
internal sealed class Qwen2VlFamily : FamilyDefinition
{
    public override string ModelType => "qwen2_vl";

    public override WeightNaming Naming => WeightNaming.Old;

    public override TextConfig ReadText(ConfigReader root, ConfigReader text) => TextFields.Read(root, text, TextTraits.Qwen2);

    public override VisionConfig ReadVision(ConfigReader vision, int textHidden) =>
        VisionFields.Read(
            vision,
            textHidden,
            widthField: "embed_dim",
            outputField: "hidden_size",
            defaultOutput: null,
            defaultActivation: "quick_gelu",
            hidden => (int)(hidden * vision.Double("mlp_ratio", 1e-3, 64, fallback: 4))
        );

    public override IFeedForward VisionFeedForward(VisionConfig config, LayerFactory factory, string name) =>
        FeedForward.Create(
            factory,
            name + "fc1",
            name + "fc2",
            config.HiddenSize,
            config.IntermediateSize,
            config.HiddenSize,
            Activations.Named(config.HiddenAct)
        );
}
