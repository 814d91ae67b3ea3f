using Rge.Models.Configuration;
using Rge.Models.Gradients;
using Rge.Models.Inputs;
using Rge.Models.Layers;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Families;

/// <summary>The decoder: token embedding, layers, final norm and output projection.</summary>
internal sealed class LanguageModel
{
    /// <summary>Name of the output projection.</summary>
    public const string OutputProjection = "lm_head.weight";

    /// <summary>Name of the token embedding.</summary>
    public const string TokenEmbedding = Root + "embed_tokens.weight";

    /// <summary>What the names of the layers start with.</summary>
    public const string Layers = Root + "layers.";

    private const string Root = "model.language_model.";

    private readonly MultimodalRotary _rotary;
    private readonly DecoderLayer[] _layers;
    private readonly INorm _norm;
    private readonly EmbeddingTable _embedding;
    private readonly LinearWeight? _output;

    public LanguageModel(TextConfig config, FamilyDefinition family, LayerFactory factory)
    {
        _embedding = factory.Embedding(TokenEmbedding, config.VocabSize, config.HiddenSize, config.PadTokenId);
        _layers = [.. Enumerable.Range(0, config.NumHiddenLayers).Select(i => family.DecoderLayer(config, factory, $"{Layers}{i}.", i))];
        _norm = family.DecoderNorm(config, factory, Root + "norm", config.HiddenSize);
        _output = config.TieWordEmbeddings
            ? _embedding.AsWeight()
            : factory.OptionalWeight(OutputProjection, config.HiddenSize, config.VocabSize);
        // Last, because it makes tensors: nothing is left behind where a parameter is missing.
        _rotary = new MultimodalRotary(config, factory);
    }

    /// <summary>Number type of weights and activations: the token embedding's.</summary>
    public ScalarType DType => _embedding.DType;

    /// <summary>Where the decoder runs.</summary>
    public Device Device => _embedding.Device;

    /// <summary>Whether there is an output projection, tied or not.</summary>
    public bool HasOutput => _output is not null;

    /// <summary>Allocates what each layer carries of sequences from one pass to the next; the caller disposes.</summary>
    /// <param name="slots">Sequences it can hold.</param>
    /// <param name="capacity">Tokens of each.</param>
    public ILayerState[] CreateStates(int slots, int capacity)
    {
        var states = new List<ILayerState>(_layers.Length);
        try
        {
            foreach (var layer in _layers)
                states.Add(layer.CreateState(slots, capacity, DType, Device));
            return [.. states];
        }
        catch
        {
            foreach (var state in states)
                state.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Token embeddings of int64 ids <c>[N]</c>, with image features put in at the given rows: float32 <c>[N, hidden]</c>.
    /// </summary>
    /// <remarks>
    /// The residual stream stays in float32 whatever the number type of the weights: in bfloat16 each of its additions would lose bits, and
    /// that costs more accuracy than all else in the layers while saving next to nothing.
    /// </remarks>
    public Tensor Embed(Tensor tokenIds, ImagePlacement? images)
    {
        var embedded = _embedding.Rows(tokenIds);
        return (images is null ? embedded : embedded.index_copy(0, images.Rows, images.Features)).to(ScalarType.Float32);
    }

    /// <summary>Runs the layers.</summary>
    /// <param name="x">Embeddings, float32 <c>[N, hidden]</c>.</param>
    /// <param name="positions">M-RoPE positions, float32 <c>[3, N]</c>.</param>
    /// <param name="pass">Which tokens come before which, and what the layers carry over from earlier passes.</param>
    /// <param name="images">Where the image tokens are, for deepstack; null without images.</param>
    /// <param name="outputTokens">Tokens whose hidden states are wanted, int64 <c>[R]</c>: the last layer's MLP runs for no others, unless
    /// deepstack features are added to its output. Null for all.</param>
    /// <param name="observer">Called with 0 and the embeddings, then with i and the output of the i-th layer, normed after the
    /// last.</param>
    /// <param name="activationCheckpointing">Whether the backward pass is to run the layers again, rather than find all they computed in
    /// memory.</param>
    /// <returns>Hidden states after the final norm, <c>[N, hidden]</c> or <c>[R, hidden]</c>, in the number type of the weights.</returns>
    public Tensor Forward(
        Tensor x,
        Tensor positions,
        TokenPass pass,
        ImagePlacement? images,
        Tensor? outputTokens = null,
        Action<int, Tensor>? observer = null,
        bool activationCheckpointing = false
    )
    {
        var rotary = _rotary.Table(positions, ScalarType.Float32);
        var (deepstack, lastWanted) = (images?.Deepstack ?? [], outputTokens);
        if (deepstack.Count == _layers.Length)
            lastWanted = null;
        observer?.Invoke(0, x);
        for (var i = 0; i < _layers.Length; i++)
        {
            using var scope = NewDisposeScope();
            var isLast = i + 1 == _layers.Length;
            var (layer, state) = (_layers[i], pass.States?[i]);
            var wanted = isLast ? lastWanted : null;
            x = activationCheckpointing
                ? ActivationCheckpointing.Run((x, rotary, tokens) => layer.Forward(x, rotary, pass, state, tokens), x, rotary, wanted)
                : layer.Forward(x, rotary, pass, state, wanted);
            if (!isLast)
                observer?.Invoke(i + 1, x);
            if (i < deepstack.Count)
                x = x.AddRows(images!.Rows, deepstack[i].to(x.dtype));
            x = x.MoveToOuterDisposeScope();
        }
        if (outputTokens is not null && lastWanted is null)
            x = x.index_select(0, outputTokens);
        x = _norm.Forward(x);
        observer?.Invoke(_layers.Length, x);
        return x;
    }

    /// <summary>Runs the recurrence of a layer alone; see <see cref="DecoderLayer.Recur"/>.</summary>
    public Tensor Recur(int layer, Tensor x, TokenPass pass, ILayerState state) => _layers[layer].Recur(x, pass, state);

    /// <summary>Rows of the output projection, float32 <c>[N, hidden]</c>.</summary>
    /// <exception cref="InvalidOperationException">The model has no output projection.</exception>
    public Tensor OutputRows(Tensor tokenIds) =>
        (_output ?? throw new InvalidOperationException("The model has no output projection."))
            .ToDense()
            .index_select(0, tokenIds)
            .to(ScalarType.Float32);

    /// <summary>Vocabulary logits <c>[B, vocab]</c> of hidden states <c>[B, hidden]</c>.</summary>
    /// <exception cref="InvalidOperationException">The model has no output projection.</exception>
    public Tensor Logits(Tensor hidden) =>
        (_output ?? throw new InvalidOperationException("The model has no output projection.")).Multiply(hidden, bias: null);
}
