using System.Text.Json.Nodes;
using Rge.Files;
using Rge.Imaging;
using Rge.Models.Checkpoints;
using Rge.Models.Configuration;
using Rge.Models.Families;
using Rge.Models.Gradients;
using Rge.Models.Inference;
using Rge.Models.Inputs;
using Rge.Models.Layers;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>
/// A model of the Qwen-VL family: images and token ids in, hidden states and logits out. Sequences of a batch are packed one after the
/// other, never padded, so that each gets what it would get alone.
/// </summary>
/// <remarks>
/// Owns its parameters. Forward passes do not change the model and may run concurrently, as long as each <see cref="DecodingState"/> is
/// used by one at a time. The caller owns the tensors that methods return.
/// <para>
/// Prompts are run without gradient by <see cref="Prefill"/>, <see cref="Step"/> and <see cref="Encode"/>. <see cref="EncodeImages"/>,
/// <see cref="Forward"/> and <see cref="Logits"/> follow the calling thread's gradient mode: results are part of the graph where it is on
/// and a parameter, or what is passed in, requires a gradient. <see cref="Forward"/> and <see cref="EncodeImages"/> hold no more of the
/// graph than the tensors they return.
/// </para>
/// </remarks>
public sealed class QwenVlModel : IDisposable
{
    /// <summary>What to say to those who want a model without output projection to write.</summary>
    public const string MissingOutputProjection =
        $"The model cannot write rationales: its checkpoint has no output projection ({ParameterLayout.OutputProjection}) and "
        + "config.json does not tie it to the token "
        + "embedding (tie_word_embeddings). Embed without reasoning (--reasoning off, or --pooling last), or give the rationales.";

    private readonly Checkpoint? _mapped;
    private readonly VisionTower _vision;
    private readonly LanguageModel _language;
    private readonly IReadOnlyList<Tensor> _constants;

    /// <summary>What of an adapter is applied on the fly because it could not be merged.</summary>
    private readonly PeftAdapter? _adapter;

    /// <summary>Builds a model around parameters.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="parameters"> A tensor for each name of <see cref="ParameterLayout.Create"/>, of one number type and device, save
    /// <see cref="ParameterLayout.Float32Names"/>; <see cref="ParameterLayout.OutputProjection"/> may be left out. Ownership is taken.
    /// </param>
    /// <exception cref="ArgumentException">A parameter is missing or has another shape than the configuration asks for.</exception>
    public QwenVlModel(QwenVlConfig config, IReadOnlyDictionary<string, Tensor> parameters)
        : this(config, parameters, mapped: null, unmerged: []) { }

    /// <summary>Builds a model around the parameters of a checkpoint.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="parameters">As in the public constructor.</param>
    /// <param name="mapped">The checkpoint whose file they may lie in; ownership is taken.</param>
    /// <param name="unmerged">Modules of the adapter that apply on the fly.</param>
    /// <param name="adapter">The adapter of these modules; ownership is taken.</param>
    internal QwenVlModel(
        QwenVlConfig config,
        IReadOnlyDictionary<string, Tensor> parameters,
        Checkpoint? mapped,
        IReadOnlyCollection<string> unmerged,
        PeftAdapter? adapter = null
    )
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(parameters);
        Config = config;
        Parameters = parameters;
        _mapped = mapped;
        var (family, factory) = (FamilyRegistry.Definition(config.Family), new ParameterSource(parameters));
        _vision = new VisionTower(config.Vision, family, factory);
        _language = new LanguageModel(config.Text, family, factory);
        (Linears, _constants) = (factory.Linears, factory.Constants);
        Weights =
            Linears.Values.Any(linear => linear.Weight is Int8Weight) ? WeightFormat.Int8
            : Linears.Values.Any(linear => linear.Weight is Int4Weight) ? WeightFormat.Int4
            : WeightFormat.Dense;
        (DType, Device) = (_language.DType, _language.Device);
        foreach (var module in unmerged)
            Linears[module].Attach(adapter!.Modules[module]);
        _adapter = adapter;
    }

    /// <summary>The configuration.</summary>
    public QwenVlConfig Config { get; }

    /// <summary>
    /// Whether the model can give logits, and so write: false where the checkpoint says that the output projection is not tied to the token
    /// embedding and holds none, as checkpoints that were only trained to embed do.
    /// </summary>
    public bool HasOutputProjection => _language.HasOutput;

    /// <summary>The decoder.</summary>
    internal LanguageModel Language => _language;

    /// <summary>Number type of weights and activations.</summary>
    public ScalarType DType { get; }

    /// <summary>Where the model runs.</summary>
    public Device Device { get; }

    /// <summary>How the linear layers of decoder and vision blocks hold their weights.</summary>
    public WeightFormat Weights { get; }

    /// <summary>
    /// Every tensor of the model by its newest Hugging Face name, in the form in which it is stored: for what saves, counts or identifies
    /// them. What layers compute with theirs is for them to say: see <see cref="Linears"/>. Borrowed.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Parameters { get; }

    /// <summary>
    /// The parameters that can be trained: those that are stored as floating-point numbers, and none where <see cref="Weights"/> are of few
    /// bits. Borrowed; frozen unless made otherwise, as a model loaded <see cref="QwenVlModelOptions.Writable"/> may be.
    /// </summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Trainable =>
        Parameters.Where(parameter => Weights == WeightFormat.Dense && parameter.Value.is_floating_point());

    /// <summary>Every linear layer by module name; what adapters attach to.</summary>
    public IReadOnlyDictionary<string, Linear> Linears { get; }

    /// <summary>
    /// What a slot of a <see cref="DecodingState"/> takes beside its tokens, in tokens whose keys and values take as much, rounded up: what
    /// gated delta nets carry of a sequence, however long it is. 0 where every layer is attention; where none is, a token is that of one
    /// such layer.
    /// </summary>
    public long SlotTokens
    {
        get
        {
            if (Config.Text.DeltaNet is not { } net)
                return 0;
            var attentionLayers = Math.Max(1, Config.Text.NumHiddenLayers - net.Layers.Count);
            var elementSize = Parameters[ParameterLayout.TokenEmbedding].ElementSize;
            var token = attentionLayers * KvCache.BytesOfToken(Config.Text.NumKeyValueHeads, Config.Text.HeadDim, elementSize);
            return (net.Layers.Count * DeltaNetState.BytesOfSlot(net) + token - 1) / token;
        }
    }

    /// <summary>Loads a checkpoint folder in the Hugging Face layout.</summary>
    /// <remarks>
    /// On the CPU, weights of the wanted number type stay in the memory-mapped file and are read when first used; others are converted one
    /// tensor at a time. Either way there is never a second full copy in memory.
    /// </remarks>
    /// <exception cref="CheckpointException">The folder cannot be used; the message names the file, what was found and what was
    /// expected.</exception>
    /// <exception cref="NativeLibraryException">libtorch cannot be loaded.</exception>
    /// <exception cref="ArgumentException">Weights of few bits are to be writable.</exception>
    public static QwenVlModel Load(string folder, QwenVlModelOptions? options = null) =>
        LoadWithProgress(folder, options, progress: null, CancellationToken.None);

    /// <summary>Loads a checkpoint folder as <see cref="Load"/> does, telling the parameters as they are loaded.</summary>
    /// <exception cref="OperationCanceledException">The loading was stopped.</exception>
    public static QwenVlModel LoadWithProgress(
        string folder,
        QwenVlModelOptions? options,
        IProgress<LoadProgress>? progress,
        CancellationToken cancellationToken
    ) => ModelLoader.Load(folder, options ?? new QwenVlModelOptions(), progress, cancellationToken);

    /// <summary>
    /// Applies an adapter on the fly from now on, next to the weights, as training does; <see cref="QwenVlModelOptions.Adapter"/> merges
    /// one instead, which runs faster.
    /// </summary>
    /// <param name="adapter">On the model's device; in whichever number type it is to compute, customarily float32. Borrowed: dispose it
    /// after the model.</param>
    /// <exception cref="CheckpointException">The model lacks a module that the adapter changes, or has it in another shape.</exception>
    /// <exception cref="ArgumentException">The adapter replaces whole parameters, which is done only by merging.</exception>
    public void Attach(PeftAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        adapter.Require(ParameterLayout.Create(Config));
        if (adapter.FullParameters.Count > 0)
            throw new ArgumentException(
                $"The adapter replaces {adapter.FullParameters.First().Key}; load it together with the model, which merges it.",
                nameof(adapter)
            );
        foreach (var (module, weights) in adapter.Modules)
        {
            if (!Linears.TryGetValue(module, out var linear))
                throw new CheckpointException($"The adapter changes {module}, which is not a linear layer.");
            linear.Attach(weights);
        }
    }

    /// <summary>
    /// Writes config and weights into a folder, in the layout and naming of released checkpoints, so that transformers loads them.
    /// </summary>
    /// <remarks>
    /// Weights of few bits are written as they are, which config.json tells (<c>quantization_config</c>): only this library reads them.
    /// <para>
    /// Weights go first and replace old ones at one stroke; see <see cref="Checkpoint.Save"/>. Tokenizer and processor files are not
    /// written.
    /// </para>
    /// </remarks>
    /// <param name="folder">The folder; made when needed. May be the one the model was loaded from.</param>
    /// <param name="progress">Receives the bytes of weights written so far.</param>
    /// <param name="cancellationToken">Stops the writing; what was there before stays.</param>
    /// <exception cref="CheckpointException">The folder cannot be written, or an adapter could not be merged.</exception>
    public void Save(string folder, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        if (_adapter is not null)
            throw new CheckpointException(
                $"{folder} is not written: an adapter is applied beside weights of few bits; load with Weights set, which merges it."
            );
        var naming = _mapped?.Naming ?? FamilyRegistry.Definition(Config.Family).Naming;
        Checkpoint.Save(folder, Parameters, naming, progress: progress, cancellation: cancellationToken);
        var json = (JsonObject)Config.Source.DeepClone();
        QuantizationConfig.Remove(json);
        if (Weights != WeightFormat.Dense)
            json[QuantizationConfig.Field] = QuantizationConfig.Describe(Weights);
        json["torch_dtype"] = DType.ToString().ToLowerInvariant();
        AtomicFile.WriteJson(Path.Combine(folder, QwenVlConfig.FileName), json);
    }

    /// <summary>Runs the vision tower over several images at once.</summary>
    /// <param name="images">The images.</param>
    /// <param name="activationCheckpointing">As in <see cref="Forward"/>.</param>
    /// <returns>The features of each image, in order; the caller disposes each.</returns>
    /// <exception cref="ArgumentException">An image was cut for another patch or merge size.</exception>
    public IReadOnlyList<VisionFeatures> EncodeImages(IReadOnlyList<PatchedImage> images, bool activationCheckpointing = false)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0)
            return [];
        using var scope = NewDisposeScope();
        var (merged, deepstack) = _vision.Forward(images, activationCheckpointing);
        var features = new VisionFeatures[images.Count];
        var start = 0L;
        for (var i = 0; i < features.Length; i++)
        {
            long first = start,
                count = images[i].Grid.MergedPatches(Config.Vision.SpatialMergeSize);
            features[i] = new VisionFeatures(images[i].Grid, Rows(merged), [.. deepstack.Select(Rows)]);
            start += count;

            // Copied, so that one image's features do not keep the whole batch's in memory; with a gradient the graph keeps it anyway.
            Tensor Rows(Tensor all)
            {
                var rows = all.narrow(0, first, count);
                return all.requires_grad ? rows : rows.clone();
            }
        }
        // Only now, so that all of them are freed if one cannot be made.
        foreach (var made in features)
            made.DetachFromDisposeScope();
        return features;
    }

    /// <summary>The embeddings of tokens, as the decoder reads them, without gradient.</summary>
    /// <param name="tokenIds">The tokens.</param>
    /// <returns>Float32 <c>[N, hidden]</c>; the caller disposes.</returns>
    /// <exception cref="ArgumentException">The vocabulary lacks a token.</exception>
    public Tensor EmbedTokens(IReadOnlyList<int> tokenIds)
    {
        ArgumentNullException.ThrowIfNull(tokenIds);
        RequireInVocabulary(tokenIds);
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        var ids = HostTransfers.Upload([.. tokenIds.Select(token => (long)token)], Device);
        return _language.Embed(ids, images: null).MoveToOuterDisposeScope();
    }

    /// <summary>The rows of the output projection that give the logits of tokens, without gradient.</summary>
    /// <param name="tokenIds">The tokens.</param>
    /// <returns>Float32 <c>[N, hidden]</c>; the caller disposes.</returns>
    /// <exception cref="ArgumentException">The vocabulary lacks a token.</exception>
    /// <exception cref="CheckpointException">The model has no output projection.</exception>
    public Tensor OutputRows(IReadOnlyList<int> tokenIds)
    {
        ArgumentNullException.ThrowIfNull(tokenIds);
        if (!HasOutputProjection)
            throw new CheckpointException(MissingOutputProjection);
        RequireInVocabulary(tokenIds);
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        var ids = HostTransfers.Upload([.. tokenIds.Select(token => (long)token)], Device);
        return _language.OutputRows(ids).MoveToOuterDisposeScope();
    }

    /// <summary>Allocates a state for <see cref="Prefill"/> and <see cref="Step"/>; the caller disposes it.</summary>
    /// <param name="slots">Sequences it can hold at once.</param>
    /// <param name="capacity">Tokens a sequence may have in all: prompt, rationale and <c>&lt;emb&gt;</c>.</param>
    public DecodingState CreateState(int slots, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        return new DecodingState(_language.CreateStates(slots, capacity), slots, capacity);
    }

    /// <summary>Runs prompts, each after what its slot of the state holds already (nothing, usually), and extends the state.</summary>
    /// <param name="inputs">The prompts.</param>
    /// <param name="state">The state to extend.</param>
    /// <param name="slots">The slot of each prompt; all different.</param>
    /// <returns>The hidden state after the final norm at the last token of each prompt, <c>[B, hidden]</c>; the caller disposes.</returns>
    /// <exception cref="ArgumentException">A prompt is empty, does not fit its slot, has a token that the vocabulary lacks, or its image
    /// tokens do not fit its images.</exception>
    public Tensor Prefill(IReadOnlyList<ModelInput> inputs, DecodingState state, IReadOnlyList<int> slots)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Run(PackedBatch.Create(inputs, Config, state, slots), state, observer: null);
    }

    /// <summary>Runs one more token of each listed sequence.</summary>
    /// <param name="tokenIds">The tokens; an image token counts as text.</param>
    /// <param name="state">The state that holds the sequences so far.</param>
    /// <param name="slots">The slot of each token; all different.</param>
    /// <returns>Hidden states after the final norm, <c>[B, hidden]</c>; the caller disposes.</returns>
    /// <exception cref="ArgumentException">A slot is full or does not exist, or the vocabulary lacks a token.</exception>
    public Tensor Step(IReadOnlyList<int> tokenIds, DecodingState state, IReadOnlyList<int> slots)
    {
        ArgumentNullException.ThrowIfNull(tokenIds);
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(slots);
        return Run(PackedBatch.OfSteps(tokenIds, Config, state, slots), state, observer: null);
    }

    /// <summary>Runs prompts that stand alone, without a state.</summary>
    /// <param name="inputs">The prompts.</param>
    /// <param name="observer">
    /// Called, on the calling thread, with 0 and the embeddings <c>[ΣT, hidden]</c> of all prompts packed one after the other, then with i
    /// and the output of the i-th layer (the last one after the final norm). Borrowed tensors: clone what is kept.
    /// </param>
    /// <returns>The hidden state after the final norm at the last token of each prompt, <c>[B, hidden]</c>; the caller disposes.</returns>
    /// <exception cref="ArgumentException">As <see cref="Prefill"/>.</exception>
    public Tensor Encode(IReadOnlyList<ModelInput> inputs, Action<int, Tensor>? observer = null) =>
        Run(PackedBatch.Create(inputs, Config), state: null, observer);

    /// <summary>
    /// Runs whole sequences that stand alone and keeps every token, as training needs it. Tokens that several sequences start with, with
    /// the same <see cref="VisionFeatures"/> among them, are computed once.
    /// </summary>
    /// <remarks>Call <c>backward</c> within a dispose scope, in which what passes through it is freed.</remarks>
    /// <param name="inputs">The sequences.</param>
    /// <param name="wanted">
    /// Of each sequence, the tokens whose states are asked for: most of the last layer runs for no others. Null for all.
    /// </param>
    /// <param name="activationCheckpointing"> Whether the backward pass is to run each layer again, so that only the layers' inputs stay in
    /// memory meanwhile. Costs about a third of the time.
    /// </param>
    /// <returns>Hidden states of the tokens; the caller disposes.</returns>
    /// <exception cref="ArgumentException">As <see cref="Prefill"/>; or there is not one range a sequence, or a range goes beyond its
    /// sequence.</exception>
    public PackedStates Forward(IReadOnlyList<ModelInput> inputs, IReadOnlyList<Range>? wanted = null, bool activationCheckpointing = false)
    {
        var tree = new PrefixTree(inputs, Config);
        using var scope = NewDisposeScope();
        var images = tree.PlaceImages(Device);
        Tensor ids = HostTransfers.Upload(tree.TokenIds, Device),
            positions = HostTransfers.Upload(tree.Positions, Device).view(3, tree.TokenIds.Length);
        var outputTokens = wanted is null ? null : HostTransfers.Upload(tree.Keep(wanted), Device);
        var hidden = _language.Forward(
            _language.Embed(ids, images),
            positions,
            tree.Pass(Device),
            images,
            outputTokens,
            activationCheckpointing: activationCheckpointing
        );
        return new PackedStates(hidden.DetachFromDisposeScope(), tree.Rows);
    }

    /// <summary>Vocabulary logits of hidden states.</summary>
    /// <param name="hidden">Hidden states after the final norm, <c>[B, hidden]</c>.</param>
    /// <returns><c>[B, vocab]</c> in the model's number type; the caller disposes.</returns>
    /// <exception cref="ArgumentException">The shape is another.</exception>
    /// <exception cref="CheckpointException">The model has no output projection.</exception>
    public Tensor Logits(Tensor hidden)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        if (!HasOutputProjection)
            throw new CheckpointException(MissingOutputProjection);
        if (hidden.dim() != 2 || hidden.shape[1] != Config.Text.HiddenSize)
            throw new ArgumentException(
                $"Hidden states are [{string.Join(", ", hidden.shape)}], expected [B, {Config.Text.HiddenSize}].",
                nameof(hidden)
            );
        using var scope = NewDisposeScope();
        return _language.Logits(hidden.to(DType)).MoveToOuterDisposeScope();
    }

    private void RequireInVocabulary(IReadOnlyList<int> tokenIds)
    {
        foreach (var token in tokenIds)
            if ((uint)token >= (uint)Config.Text.VocabSize)
                throw new ArgumentException($"Token {token} is not in the vocabulary of {Config.Text.VocabSize}.", nameof(tokenIds));
    }

    private Tensor Run(PackedBatch batch, DecodingState? state, Action<int, Tensor>? observer)
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        var images = batch.PlaceImages(Device);
        var tensors = PackedTensors.Upload(batch, Device);
        // An observer wants to see every token; otherwise the last layer need only finish those that are returned.
        var outputTokens = observer is null && batch.Runs.Count < batch.TokenIds.Length ? tensors.Last : null;
        var hidden = _language.Forward(
            _language.Embed(tensors.TokenIds, images),
            tensors.Positions,
            batch.Pass(state, tensors),
            images,
            outputTokens,
            observer
        );
        state?.Advance(batch);
        if (observer is not null)
            hidden = hidden.index_select(0, tensors.Last);
        return hidden.MoveToOuterDisposeScope();
    }

    /// <summary>Frees the parameters and closes the checkpoint. Attached adapters stay the caller's.</summary>
    public void Dispose()
    {
        foreach (var linear in Linears.Values)
            linear.Detach();
        foreach (var tensor in Parameters.Values)
            tensor.Dispose();
        foreach (var tensor in _constants)
            tensor.Dispose();
        _adapter?.Dispose();
        _mapped?.Dispose();
    }
}
