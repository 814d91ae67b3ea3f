using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.AI;
using Rge.Decoding;
using Rge.Files;
using Rge.Imaging;
using Rge.Models;
using Rge.Models.Checkpoints;
using Rge.Models.Tensors;
using Rge.Presets;
using Rge.Prompts;
using Rge.Text;

namespace Rge;

/// <summary>
/// Reasoning-guided embeddings: a query's model first writes a rationale, ends it with <c>&lt;emb&gt;</c>, and the hidden state there,
/// L2-normalized, is the embedding; a target's is taken at an <c>&lt;emb&gt;</c> right after the prompt. Other embedding checkpoints are
/// called as their presets say: see <see cref="ReasoningEmbedderOptions.Preset"/>.
/// </summary>
/// <remarks>Thread-safe: calls that overlap share the steps of one <see cref="DecodingEngine"/>.</remarks>
public sealed class ReasoningEmbedder : IEmbeddingGenerator<EmbeddingInput, Embedding<float>>
{
    /// <summary>The token whose hidden state is the embedding, as it is written.</summary>
    public const string EmbToken = PromptBuilder.EmbToken;

    private readonly QwenVlModel _model;
    private readonly ReasoningEmbedderOptions _options;
    private readonly PromptBuilder _prompts;
    private readonly EmbeddingGeneratorMetadata _metadata;
    private readonly EmbeddingContext _context;
    private readonly bool _ownsModel;
    private EmbedderIdentity? _identity;

    /// <summary>
    /// Creates an embedder for a loaded model. The model is borrowed: the caller disposes it, after the embedder.
    /// </summary>
    /// <exception cref="EmbeddingException">The checkpoint has no <c>&lt;emb&gt;</c> token.</exception>
    /// <exception cref="CheckpointException">The smallest area of images is above the largest.</exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public ReasoningEmbedder(QwenVlModel model, QwenVlProcessor processor, ReasoningEmbedderOptions? options = null)
        : this(model, processor, options ?? new ReasoningEmbedderOptions(), ownsModel: false) { }

    private ReasoningEmbedder(QwenVlModel model, QwenVlProcessor processor, ReasoningEmbedderOptions options, bool ownsModel)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(processor);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.PrefetchItems, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.VisionCacheSize);
        RequireDefined(options.QueryReasoning, nameof(options.QueryReasoning));
        RequireDefined(options.TargetReasoning, nameof(options.TargetReasoning));
        var preset = options.AskedPreset ?? ModelPreset.Rge;
        if (preset.Score is not null)
            throw new ArgumentException($"The preset {preset.Name} is a reranker's, expected one for embeddings.", nameof(options));
        processor = PresetProcessor.Apply(preset, processor, options.Images);
        (_model, Processor, _options, _ownsModel) = (model, processor, options, ownsModel);
        if (options.MaxPromptTokens is { } most)
            ArgumentOutOfRangeException.ThrowIfLessThan(most, 1, nameof(options.MaxPromptTokens));
        Generation = options.Generation ?? preset.WithBudget(new GenerationOptions());
        Generation.Validate();
        _prompts = new PromptBuilder(model.Config, processor, preset, options.MaxPromptTokens);
        Decoder = new DecodingEngine(model, _prompts.EmbTokenId, options.Decoder);
        _context = new EmbeddingContext(Decoder, processor, _prompts, options, new VisionFeatureCache(options.VisionCacheSize));
        _metadata = new EmbeddingGeneratorMetadata(
            "rge",
            defaultModelId: options.ModelId,
            defaultModelDimensions: model.Config.Text.HiddenSize
        );
    }

    /// <summary>The decoder that every call goes through.</summary>
    public DecodingEngine Decoder { get; }

    /// <summary>How rationales are written, unless a call overrides it.</summary>
    public GenerationOptions Generation { get; }

    /// <summary>The checkpoint's tokenizer, chat template and image processor.</summary>
    public QwenVlProcessor Processor { get; }

    /// <summary>How the checkpoint is called.</summary>
    public ModelPreset Preset => _prompts.Preset;

    /// <summary>Id of <c>&lt;emb&gt;</c>, or of the token that the preset pools in its place; 0 where the last token is pooled.</summary>
    public int EmbTokenId => _prompts.EmbTokenId;

    /// <summary>What decides, apart from item and call, which embedding an item gets. Reads some of the weights when first asked.</summary>
    internal EmbedderIdentity Identity => LazyInitializer.EnsureInitialized(ref _identity, () => new EmbedderIdentity(
                ModelFingerprint.Compute(_model, Processor, EmbTokenId, Preset),
                Generation,
                Preset.Pooling.Kind == PoolingKind.LastToken ? EmbeddingPooling.LastToken : EmbeddingPooling.Emb,
                _options.ReasoningOf(ItemRole.Query, Preset),
                _options.ReasoningOf(ItemRole.Target, Preset)
            )
            {
                Preset = Preset.Digest,
                // An image that ends early is embedded or refused, by this alone.
                Truncated = Processor.Images.Options.Truncated is TruncatedImages.Refuse ? null : Processor.Images.Options.Truncated,
            });

    /// <summary>Loads a checkpoint folder.</summary>
    /// <exception cref="CheckpointException">The folder cannot be used.</exception>
    /// <exception cref="EmbeddingException">The checkpoint has no <c>&lt;emb&gt;</c> token and is not recognised as one of another preset,
    /// or lacks the token that the preset pools.</exception>
    /// <exception cref="NativeLibraryException">libtorch cannot be loaded.</exception>
    public static ReasoningEmbedder Load(string folder, ReasoningEmbedderOptions? options = null) =>
        LoadWithProgress(folder, options, progress: null, CancellationToken.None);

    private static ReasoningEmbedder LoadWithProgress(
        string folder,
        ReasoningEmbedderOptions? options,
        IProgress<LoadProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new ReasoningEmbedderOptions();
        var adapter = options.Model.Adapter;
        var tokenizer = QwenTokenizer.Load(ProcessorSources.Resolve(folder, adapter).Tokenizer);
        var preset = options.AskedPreset ?? PresetRecognition.Of(folder, adapter, tokenizer.SpecialTokens).Require();
        var processor = PresetProcessor.Load(preset, tokenizer, folder, adapter, options.Images);
        options = options with
        {
            Preset = options.Pooling == EmbeddingPooling.LastToken ? null : preset,
            Generation = options.Generation ?? preset.WithBudget(GenerationOptions.Load(folder, adapter)),
            ModelId = options.ModelId ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))),
        };
        var model = QwenVlModel.LoadWithProgress(folder, options.Model, progress, cancellationToken);
        try
        {
            return new ReasoningEmbedder(model, processor, options, ownsModel: true);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Loads a checkpoint folder on another thread.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">How the embedder works; <see langword="null"/> for the defaults.</param>
    /// <param name="progress">Receives the parameters of the model as they are loaded.</param>
    /// <param name="cancellationToken">Stops the loading between two parameters.</param>
    /// <inheritdoc cref="Load" path="/exception"/>
    public static Task<ReasoningEmbedder> LoadAsync(
        string folder,
        ReasoningEmbedderOptions? options = null,
        IProgress<LoadProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Task.Run(() => LoadWithProgress(folder, options, progress, cancellationToken), cancellationToken);
    }

    /// <summary>Embeds items.</summary>
    /// <param name="inputs">The items; images that several show are decoded and encoded once.</param>
    /// <param name="options">Options of the call; <see langword="null"/> for the embedder's own.</param>
    /// <param name="cancellationToken">Stops the work between two steps of the model.</param>
    /// <returns>An embedding for each item, in their order.</returns>
    /// <exception cref="EmbeddingException">An item is empty or too long, or the model's logits are not numbers.</exception>
    /// <exception cref="ImageInputException">An image cannot be used.</exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public Task<ReasoningEmbedding[]> EmbedAsync(
        IReadOnlyList<EmbeddingInput> inputs,
        ReasoningEmbeddingOptions? options = null,
        CancellationToken cancellationToken = default
    ) => EmbedAsync(inputs, options ?? new ReasoningEmbeddingOptions(), onToken: null, cancellationToken);

    /// <summary>Embeds items independently: a failure does not affect the other items, and its result has the error.</summary>
    /// <param name="inputs">The items; images that several show are decoded and encoded once.</param>
    /// <param name="options">Options of the call; <see langword="null"/> for the embedder's own.</param>
    /// <param name="cancellationToken">Stops the work between two steps of the model.</param>
    /// <returns>A result for each item, in their order.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public Task<EmbeddingResult[]> TryEmbedAsync(
        IReadOnlyList<EmbeddingInput> inputs,
        ReasoningEmbeddingOptions? options = null,
        CancellationToken cancellationToken = default
    ) => CallAsync(inputs, options ?? new ReasoningEmbeddingOptions(), onToken: null, collectsErrors: true, cancellationToken);

    /// <summary>
    /// Embeds a stream of items of any length and yields their results in order. Memory is bounded: at most twice
    /// <see cref="ReasoningEmbedderOptions.PrefetchItems"/> items are read before the first of them is returned.
    /// </summary>
    /// <remarks>Work stops when the caller stops reading early. <see cref="EmbeddingProgress.Total"/> is not known and 0.</remarks>
    /// <param name="inputs">The items.</param>
    /// <param name="options">Options of the call; <see langword="null"/> for the embedder's own.</param>
    /// <param name="cancellationToken">Stops the work between two steps of the model.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public async IAsyncEnumerable<EmbeddingResult> EmbedManyAsync(
        IAsyncEnumerable<EmbeddingInput> inputs,
        ReasoningEmbeddingOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var call = new ReasoningEmbeddingOptions(options);
        var (first, tokens) = (0L, 0L);
        var progress = call.Progress;
        await foreach (var chunk in inputs.Chunk(2 * _options.PrefetchItems).WithCancellation(cancellationToken))
        {
            var (before, written) = (first, tokens);
            call.Progress = progress is null
                ? null
                : new Relay<EmbeddingProgress>(done =>
                    progress.Report(
                        new EmbeddingProgress((int)Math.Min(before + done.Completed, int.MaxValue), 0, written + done.RationaleTokens)
                    )
                );
            foreach (var result in await TryEmbedAsync(chunk, call, cancellationToken))
            {
                tokens += result.Embedding?.RationaleIds.Count ?? 0;
                var index = first + result.Index;
                yield return result with
                {
                    Index = index,
                    Error = result.Error?.AtItem((int)Math.Min(index, int.MaxValue), inMessage: true),
                };
            }
            first += chunk.Length;
        }
    }

    /// <summary>Embeds one item.</summary>
    /// <inheritdoc cref="EmbedAsync(IReadOnlyList{EmbeddingInput}, ReasoningEmbeddingOptions?, CancellationToken)" path="/exception"/>
    public async Task<ReasoningEmbedding> EmbedAsync(
        EmbeddingInput input,
        ReasoningEmbeddingOptions? options = null,
        CancellationToken cancellationToken = default
    ) => (await EmbedAsync([input], options, cancellationToken))[0];

    /// <summary>Embeds one item and yields its rationale as it is written: pieces of text, then an update with the embedding.</summary>
    /// <remarks>Work stops when the caller stops reading early.</remarks>
    /// <inheritdoc cref="EmbedAsync(IReadOnlyList{EmbeddingInput}, ReasoningEmbeddingOptions?, CancellationToken)" path="/exception"/>
    public async IAsyncEnumerable<RationaleUpdate> StreamAsync(
        EmbeddingInput input,
        ReasoningEmbeddingOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        var tokens = Channel.CreateUnbounded<int>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var embedding = EmbedAsync([input], options ?? new ReasoningEmbeddingOptions(), token => tokens.Writer.TryWrite(token), stop.Token);
        var end = embedding.ContinueWith(
            _ => tokens.Writer.Complete(),
            CancellationToken.None,
            TaskContinuationOptions.None,
            TaskScheduler.Default
        );
        try
        {
            var decoder = new StreamingDecoder(Processor.Tokenizer, skipSpecialTokens: true);
            await foreach (var token in tokens.Reader.ReadAllAsync(CancellationToken.None))
                if (token != _prompts.EmbTokenId && decoder.Append(token) is { Length: > 0 } text)
                    yield return new RationaleUpdate(text);
            if (decoder.Flush() is { Length: > 0 } rest)
                yield return new RationaleUpdate(rest);
            yield return new RationaleUpdate("", (await embedding)[0]);
        }
        finally
        {
            await stop.CancelAsync();
            await end;
        }
    }

    /// <summary>
    /// Embeds items, for callers of the abstraction: <see cref="ReasoningEmbedding.From"/> gives the details of each result.
    /// </summary>
    /// <inheritdoc cref="EmbedAsync(IReadOnlyList{EmbeddingInput}, ReasoningEmbeddingOptions?, CancellationToken)" path="/exception"/>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<EmbeddingInput> values,
        EmbeddingGenerationOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(values);
        var embeddings = await EmbedAsync(
            [.. values],
            options as ReasoningEmbeddingOptions ?? new ReasoningEmbeddingOptions(options),
            cancellationToken
        );
        long prompt = embeddings.Sum(e => (long)e.PromptTokens),
            written = embeddings.Sum(e => (long)e.WrittenTokens);
        return new GeneratedEmbeddings<Embedding<float>>(embeddings.Select(ToEmbedding))
        {
            Usage = new UsageDetails
            {
                InputTokenCount = prompt,
                OutputTokenCount = written,
                ReasoningTokenCount = written,
                TotalTokenCount = prompt + written,
                AdditionalCounts = new() { ["image_tokens"] = embeddings.Sum(e => (long)e.ImageTokens) },
            },
        };
    }

    /// <summary>The metadata, the model, the processor or this embedder, by type.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        return new object[] { this, _metadata, _model, Processor }.FirstOrDefault(serviceType.IsInstanceOfType);
    }

    /// <summary>Stops the decoder; frees the model where <see cref="Load"/> has loaded it. Calls that are not finished fail.</summary>
    public void Dispose()
    {
        Decoder.Dispose();
        _context.Images.Dispose();
        if (_ownsModel)
            _model.Dispose();
    }

    private async Task<ReasoningEmbedding[]> EmbedAsync(
        IReadOnlyList<EmbeddingInput> inputs,
        ReasoningEmbeddingOptions options,
        Action<int>? onToken,
        CancellationToken cancellationToken
    ) => Array.ConvertAll(await CallAsync(inputs, options, onToken, collectsErrors: false, cancellationToken), result => result.Embedding!);

    private Task<EmbeddingResult[]> CallAsync(
        IReadOnlyList<EmbeddingInput> inputs,
        ReasoningEmbeddingOptions options,
        Action<int>? onToken,
        bool collectsErrors,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var generation = options.Generation ?? Generation;
        generation.Validate();
        if (options.ModelId is { } model && model != _metadata.DefaultModelId)
            throw new ArgumentException(
                $"The call asks for the model '{model}', and the embedder's is "
                    + $"{(_metadata.DefaultModelId is { } own ? $"'{own}'" : "not named")}.",
                nameof(options)
            );
        var asked = CallProperties.Read(options);
        if (asked.Role is not null || asked.Instruction is not null)
            throw new ArgumentException(
                "An EmbeddingInput has its own role and instruction; the additional properties of a call can set them for texts and "
                    + "contents only.",
                nameof(options)
            );
        if (options.Reasoning is null && asked.Reasoning is { } reasoning)
            options = new ReasoningEmbeddingOptions(options) { Reasoning = reasoning };
        if (options.Reasoning is { } mode)
            RequireDefined(mode, nameof(options.Reasoning));
        if (options.Dimensions is { } dimensions && (dimensions < 1 || dimensions > _model.Config.Text.HiddenSize))
            throw new ArgumentOutOfRangeException(
                nameof(options),
                dimensions,
                $"Expected 1 to {_model.Config.Text.HiddenSize} dimensions."
            );
        var call = new EmbeddingCall(_context, generation, options, inputs, onToken, collectsErrors);
        // Prompts of many items take a while: not on the caller's thread, which may be that of a user interface.
        return Task.Run(() => call.RunAsync(cancellationToken), cancellationToken);
    }

    private static void RequireDefined(ReasoningMode mode, string option)
    {
        if (!Enum.IsDefined(mode))
            throw new ArgumentOutOfRangeException(
                option,
                mode,
                $"Expected {nameof(ReasoningMode.On)}, {nameof(ReasoningMode.Auto)} or {nameof(ReasoningMode.Off)}."
            );
    }

    private Embedding<float> ToEmbedding(ReasoningEmbedding embedding) =>
        new(embedding.Vector)
        {
            ModelId = _metadata.DefaultModelId,
            AdditionalProperties = new() { [ReasoningEmbedding.PropertyName] = embedding },
        };
}
