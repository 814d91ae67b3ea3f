using Rge.Files;
using Rge.Models.Checkpoints;
using Rge.Models.Configuration;
using Rge.Models.Families;
using Rge.Models.Layers;

namespace Rge.Models.Tests.Layers;

/// <summary>A family whose decoder alternates attention and <see cref="DecayingSum"/>. Its configuration is another family's.</summary>
internal sealed class MixedFamily : FamilyDefinition
{
    public override string ModelType => "mixed";

    public override WeightNaming Naming => WeightNaming.New;

    public List<DecayingSum> Recurrences { get; } = [];

    public override TextConfig ReadText(ConfigReader root, ConfigReader text) => throw new NotSupportedException();

    public override VisionConfig ReadVision(ConfigReader vision, int textHidden) => throw new NotSupportedException();

    public override IFeedForward VisionFeedForward(VisionConfig config, LayerFactory factory, string name) =>
        throw new NotSupportedException();

    public override DecoderLayer DecoderLayer(TextConfig config, LayerFactory factory, string name, int index)
    {
        if (index % 2 == 0) return base.DecoderLayer(config, factory, name, index);
        var width = config.HiddenSize;
        var inputNorm = factory.RmsNorm(name + "input_layernorm", width, config.RmsNormEps);
        var recurrence = new DecayingSum(factory.Linear(name + "sum", width, width, bias: false));
        Recurrences.Add(recurrence);
        return new DecoderLayer(
            inputNorm, recurrence, factory.RmsNorm(name + "post_attention_layernorm", width, config.RmsNormEps),
            GatedFeedForward.Create(factory, name + "mlp.", width, config.IntermediateSize, bias: false, Activations.Silu));
    }
}
