using Rge.Files;
using Rge.Imaging;
using Rge.Models.Checkpoints;
using Rge.Models.Configuration;
using Rge.Models.Layers;

namespace Rge.Models.Families;

/// <summary>What is particular to one family of models: how its config.json reads, and which layers it has where families differ.</summary>
internal abstract class FamilyDefinition
{
    /// <summary>Epsilon of the vision tower's norms.</summary>
    protected const double VisionNormEpsilon = 1e-6;

    /// <summary>The <c>model_type</c> of its config.json.</summary>
    public abstract string ModelType { get; }

    /// <summary>The naming of its released checkpoints.</summary>
    public abstract WeightNaming Naming { get; }

    /// <summary>Whether the projection of patches has a bias.</summary>
    public virtual bool HasPatchBias => false;

    /// <summary>
    /// Whether released checkpoints hold a tensor that the model does not use, by its canonical name; such tensors are not read.
    /// </summary>
    public virtual bool IsUnused(string name) => false;

    /// <summary>Whether a linear layer, by its canonical module name, keeps its weights where others are rounded to few bits.</summary>
    public virtual bool StaysDense(string module) => false;

    /// <summary>Reads the decoder's part of config.json.</summary>
    /// <param name="root">The object at the top of the file.</param>
    /// <param name="text">The object that holds the decoder's fields; the top itself in the flat layout.</param>
    /// <exception cref="CheckpointException">A field is missing or has a value that is not supported.</exception>
    public abstract TextConfig ReadText(ConfigReader root, ConfigReader text);

    /// <summary>Reads the vision tower's part of config.json.</summary>
    /// <param name="vision">The object that holds its fields.</param>
    /// <param name="textHidden">The decoder's width.</param>
    /// <exception cref="CheckpointException">A field is missing or has a value that is not supported.</exception>
    public abstract VisionConfig ReadVision(ConfigReader vision, int textHidden);

    /// <summary>A layer of the decoder.</summary>
    /// <param name="config">The decoder's shape.</param>
    /// <param name="factory">Makes its parts.</param>
    /// <param name="name">What its parameters' names start with, a dot at the end.</param>
    /// <param name="index">Number of the layer, from 0.</param>
    public virtual DecoderLayer DecoderLayer(TextConfig config, LayerFactory factory, string name, int index)
    {
        var hidden = config.HiddenSize;
        var inputNorm = DecoderNorm(config, factory, name + "input_layernorm", hidden);
        var mixer = TokenMixer(config, factory, name, index);
        var postAttentionNorm = DecoderNorm(config, factory, name + "post_attention_layernorm", hidden);
        return new DecoderLayer(
            inputNorm,
            mixer,
            postAttentionNorm,
            GatedFeedForward.Create(factory, name + "mlp.", hidden, config.IntermediateSize, bias: false, Activations.Silu)
        );
    }

    /// <summary>A norm of the decoder.</summary>
    public virtual INorm DecoderNorm(TextConfig config, LayerFactory factory, string module, long width) =>
        factory.RmsNorm(module, width, config.RmsNormEps);

    /// <summary>The part of a decoder layer in which tokens see each other; parameters as of <see cref="DecoderLayer"/>.</summary>
    protected virtual ITokenMixer TokenMixer(TextConfig config, LayerFactory factory, string name, int index)
    {
        var hidden = config.HiddenSize;
        int queries = config.NumAttentionHeads * config.HeadDim,
            keys = config.NumKeyValueHeads * config.HeadDim;
        return new DecoderAttention(
            config,
            factory.Linear(name + "self_attn.q_proj", hidden, config.AttentionGate ? 2 * queries : queries, config.QkvBias),
            factory.Linear(name + "self_attn.k_proj", hidden, keys, config.QkvBias),
            factory.Linear(name + "self_attn.v_proj", hidden, keys, config.QkvBias),
            factory.Linear(name + "self_attn.o_proj", queries, hidden, config.OutputBias),
            config.QkNorm ? DecoderNorm(config, factory, name + "self_attn.q_norm", config.HeadDim) : null,
            config.QkNorm ? DecoderNorm(config, factory, name + "self_attn.k_norm", config.HeadDim) : null
        );
    }

    /// <summary>A norm of the vision tower.</summary>
    public virtual INorm VisionNorm(LayerFactory factory, string module, long width) => factory.LayerNorm(module, width, VisionNormEpsilon);

    /// <summary>The MLP of a vision block.</summary>
    /// <param name="config">The tower's shape.</param>
    /// <param name="factory">Makes its parts.</param>
    /// <param name="name">What its parameters' names start with, a dot at the end.</param>
    public abstract IFeedForward VisionFeedForward(VisionConfig config, LayerFactory factory, string name);

    /// <summary>What joins patches after the last block; the decoder's width comes out.</summary>
    /// <param name="config">The tower's shape.</param>
    /// <param name="factory">Makes its parts.</param>
    /// <param name="module">Its name.</param>
    public virtual PatchMerger Merger(VisionConfig config, LayerFactory factory, string module)
    {
        var merged = config.HiddenSize * config.MergeArea;
        var norm = VisionNorm(factory, module + ".ln_q", config.HiddenSize);
        return new PatchMerger(
            norm,
            normAfterJoin: false,
            config.MergeArea,
            FeedForward.Create(factory, module + ".mlp.0", module + ".mlp.2", merged, merged, config.OutHiddenSize, Activations.Gelu)
        );
    }

    /// <summary>What joins patches after each block of <see cref="VisionConfig.DeepstackBlocks"/>.</summary>
    /// <param name="config">The tower's shape.</param>
    /// <param name="factory">Makes its parts.</param>
    /// <param name="root">What the names of the tower's parameters start with, a dot at the end.</param>
    public virtual PatchMerger[] DeepstackMergers(VisionConfig config, LayerFactory factory, string root) => [];

    /// <summary>Learned embeddings of patches' places; null where rotary positions are all there is.</summary>
    /// <param name="config">The tower's shape.</param>
    /// <param name="factory">Makes its parts.</param>
    /// <param name="root">What the names of the tower's parameters start with, a dot at the end.</param>
    public virtual IPatchPositions? PatchPositions(VisionConfig config, LayerFactory factory, string root) => null;

    /// <summary>The windows that an image's merged patches are attended in; null where attention is over whole frames.</summary>
    public virtual PatchWindows? Windows(VisionConfig config, ImageGrid grid) => null;
}
