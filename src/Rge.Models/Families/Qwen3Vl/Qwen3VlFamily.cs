using Rge.Files;
using Rge.Models.Checkpoints;
using Rge.Models.Configuration;
using Rge.Models.Layers;

namespace Rge.Models.Families.Qwen3Vl;

/// <summary>Qwen3-VL: interpolated position embeddings, deepstack, interleaved M-RoPE, query and key norms.</summary>
internal class Qwen3VlFamily : FamilyDefinition
{
    private static readonly TextTraits Traits = new()
    {
        ReadsAttentionBias = true,
        QkNorm = true,
        MropeInterleaved = true,
        DefaultMropeSection = [24, 20, 20],
        DefaultRopeTheta = 5e6,
    };

    public override string ModelType => "qwen3_vl";

    public override WeightNaming Naming => WeightNaming.New;

    public override bool HasPatchBias => true;

    /// <summary>Blocks whose output feeds the first decoder layers, where config.json names none.</summary>
    protected virtual IReadOnlyList<int> DefaultDeepstackBlocks => [8, 16, 24];

    public override TextConfig ReadText(ConfigReader root, ConfigReader text) => TextFields.Read(root, text, Traits);

    public override VisionConfig ReadVision(ConfigReader vision, int textHidden)
    {
        var config = VisionFields.Read(
            vision,
            textHidden,
            widthField: "hidden_size",
            outputField: "out_hidden_size",
            defaultOutput: textHidden,
            defaultActivation: "gelu_pytorch_tanh"
        ) with
        {
            DeepstackBlocks = vision.Ints("deepstack_visual_indexes") ?? DefaultDeepstackBlocks,
            NumPositionEmbeddings = vision.Int("num_position_embeddings", 1, 1 << 20, fallback: 2304),
        };
        if (config.DeepstackBlocks.Any(b => b < 0 || b >= config.Depth))
            throw vision.Error("deepstack_visual_indexes", $"names a block outside 0…{config.Depth - 1}");
        var side = Side(config);
        return side * side == config.NumPositionEmbeddings
            ? config
            : throw vision.Error("num_position_embeddings", $"is {config.NumPositionEmbeddings}, expected a square number");
    }

    public override IFeedForward VisionFeedForward(VisionConfig config, LayerFactory factory, string name) =>
        FeedForward.Create(
            factory,
            name + "linear_fc1",
            name + "linear_fc2",
            config.HiddenSize,
            config.IntermediateSize,
            config.HiddenSize,
            Activations.Named(config.HiddenAct)
        );

    public override PatchMerger Merger(VisionConfig config, LayerFactory factory, string module) =>
        MakeMerger(config, factory, module, normAfterJoin: false);

    public override PatchMerger[] DeepstackMergers(VisionConfig config, LayerFactory factory, string root) =>
        [.. config.DeepstackBlocks.Select((_, i) => MakeMerger(config, factory, $"{root}deepstack_merger_list.{i}", normAfterJoin: true))];

    public override IPatchPositions PatchPositions(VisionConfig config, LayerFactory factory, string root) =>
        new PositionInterpolation(
            factory.Embedding(root + "pos_embed.weight", config.NumPositionEmbeddings, config.HiddenSize),
            Side(config)
        );

    private PatchMerger MakeMerger(VisionConfig config, LayerFactory factory, string module, bool normAfterJoin)
    {
        var merged = config.HiddenSize * config.MergeArea;
        var norm = VisionNorm(factory, module + ".norm", normAfterJoin ? merged : config.HiddenSize);
        return new PatchMerger(
            norm,
            normAfterJoin,
            config.MergeArea,
            FeedForward.Create(
                factory,
                module + ".linear_fc1",
                module + ".linear_fc2",
                merged,
                merged,
                config.OutHiddenSize,
                Activations.Gelu
            )
        );
    }

    /// <summary>Side of the square table of position embeddings.</summary>
    private static int Side(VisionConfig config) => (int)Math.Sqrt(config.NumPositionEmbeddings);
}
