using System.Numerics.Tensors;
using Rge.Decoding;
using Rge.Imaging;
using Rge.Models;
using Rge.Prompts;
using Rge.Text;
using static TorchSharp.torch;

namespace Rge;

/// <summary>
/// Scores documents for a query: the model reads both and is asked for a judgement, and the score is the probability of its "yes" against
/// its "no", as Qwen3-VL-Reranker is trained. Queries and documents may have texts and images.
/// </summary>
/// <remarks>
/// Thread-safe: calls that overlap share the batches of one <see cref="DecodingEngine"/>. Score = σ(h · (W_yes − W_no)), with h the
/// last hidden state after the final norm and W the rows of the output projection (QwenLM/Qwen3-VL-Embedding).
/// </remarks>
public sealed class Reranker : IDisposable
{
    private readonly QwenVlModel _model;
    private readonly bool _ownsModel;
    private readonly RerankerOptions _options;
    private readonly QwenVlProcessor _processor;
    private readonly PairPrompts _prompts;
    private readonly DecodingEngine _decoder;
    private readonly VisionFeatureCache _images = new(capacity: 0);
    private readonly float[] _direction;

    /// <summary>Creates a reranker for a loaded model. The model is borrowed: the caller disposes it, after the reranker.</summary>
    /// <exception cref="CheckpointException">The tokenizer lacks a token that the preset asks about, or the model has no output
    /// projection.</exception>
    /// <exception cref="ArgumentException">The preset is not a reranker's, or an option is out of range.</exception>
    public Reranker(QwenVlModel model, QwenVlProcessor processor, RerankerOptions? options = null)
        : this(model, processor, options ?? new RerankerOptions(), ownsModel: false) { }

    private Reranker(QwenVlModel model, QwenVlProcessor processor, RerankerOptions options, bool ownsModel)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(processor);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.PrefetchItems, 1);
        if (options.MaxPromptTokens is { } most)
            ArgumentOutOfRangeException.ThrowIfLessThan(most, 1, nameof(options.MaxPromptTokens));
        Preset = options.Preset ?? ModelPreset.Qwen3VlReranker;
        var score = Preset.Score
            ?? throw new ArgumentException($"The preset {Preset.Name} is for embeddings, expected a reranker's.", nameof(options));
        (_model, _options, _ownsModel) = (model, options, ownsModel);
        _processor = PresetProcessor.Apply(Preset, processor, options.Images);
        _prompts = new PairPrompts(model.Config, _processor, Preset, options.MaxPromptTokens);
        _direction = Direction(Token(score.Yes), Token(score.No));
        _decoder = new DecodingEngine(model, embTokenId: 0, options.Decoder);
        ModelId = options.ModelId;
    }

    /// <summary>How the checkpoint is called.</summary>
    public ModelPreset Preset { get; }

    /// <summary>Name of the model; <see langword="null"/> where none was given.</summary>
    public string? ModelId { get; }

    /// <summary>How images are sized and cut.</summary>
    public ImageProcessorConfig Images => _processor.Images.Config;

    /// <summary>Loads a checkpoint folder.</summary>
    /// <exception cref="CheckpointException">The folder cannot be used, or is not recognised as a reranker's and no preset is
    /// given.</exception>
    public static Reranker Load(string folder, RerankerOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new RerankerOptions();
        var adapter = options.Model.Adapter;
        var tokenizer = QwenTokenizer.Load(ProcessorSources.Resolve(folder, adapter).Tokenizer);
        var preset = options.Preset ?? PresetRecognition.Of(folder, adapter, tokenizer.SpecialTokens).RequireReranker(folder);
        var processor = PresetProcessor.Load(preset, tokenizer, folder, adapter, options.Images);
        options = options with
        {
            Preset = preset,
            ModelId = options.ModelId ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))),
        };
        var model = QwenVlModel.Load(folder, options.Model);
        try
        {
            return new Reranker(model, processor, options, ownsModel: true);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Scores documents; the first that cannot be scored ends the call.</summary>
    /// <param name="query">What is searched with. Its instruction says what is searched for; without one the preset's default does.</param>
    /// <param name="documents">What is scored. Documents have no instructions: those they have are not read.</param>
    /// <param name="progress">Receives the number of documents that are done.</param>
    /// <param name="cancellationToken">Stops the work between two batches.</param>
    /// <returns>A result for each document, in their order.</returns>
    /// <exception cref="EmbeddingException">A pair is too long, or what is given has what no item can have.</exception>
    /// <exception cref="ImageInputException">An image cannot be used.</exception>
    public Task<RerankResult[]> ScoreAsync(
        EmbeddingInput query,
        IReadOnlyList<EmbeddingInput> documents,
        IProgress<int>? progress = null,
        CancellationToken cancellationToken = default
    ) => CallAsync(query, documents, progress, collectsErrors: false, cancellationToken);

    /// <summary>Scores documents independently: a failure does not affect the others, and its result has the error.</summary>
    /// <inheritdoc cref="ScoreAsync" path="/param"/>
    /// <inheritdoc cref="ScoreAsync" path="/returns"/>
    /// <exception cref="EmbeddingException">The query has what no item can have.</exception>
    /// <exception cref="ImageInputException">An image of the query cannot be used.</exception>
    public Task<RerankResult[]> TryScoreAsync(
        EmbeddingInput query,
        IReadOnlyList<EmbeddingInput> documents,
        IProgress<int>? progress = null,
        CancellationToken cancellationToken = default
    ) => CallAsync(query, documents, progress, collectsErrors: true, cancellationToken);

    /// <summary>Stops the work; frees the model where <see cref="Load"/> has loaded it. Calls that are not finished fail.</summary>
    public void Dispose()
    {
        _decoder.Dispose();
        _images.Dispose();
        if (_ownsModel)
            _model.Dispose();
    }

    private Task<RerankResult[]> CallAsync(
        EmbeddingInput query,
        IReadOnlyList<EmbeddingInput> documents,
        IProgress<int>? progress,
        bool collectsErrors,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(documents);
        var context = new RerankContext(_decoder, _processor, _prompts, _options, _images, _direction);
        var call = new RerankCall(context, query, documents, progress, collectsErrors);
        return Task.Run(() => call.RunAsync(cancellationToken), cancellationToken);
    }

    private int Token(string token) =>
        _processor.Tokenizer.TryGetToken(token, out var id) && id < _model.Config.Text.VocabSize
            ? id
            : throw new CheckpointException(
                $"The checkpoint has no token '{token}', which the preset {Preset.Name} asks about: expected a checkpoint that the preset "
                    + "is for."
            );

    private float[] Direction(int yes, int no)
    {
        using var scope = NewDisposeScope();
        var rows = _model.OutputRows([yes, no]).cpu().data<float>().ToArray();
        var direction = new float[rows.Length / 2];
        TensorPrimitives.Subtract(rows.AsSpan(0, direction.Length), rows.AsSpan(direction.Length), direction);
        return direction;
    }
}
