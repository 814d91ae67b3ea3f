using Rge.Decoding;
using Rge.Models;

namespace Rge;

/// <summary>
/// Reads prompts and writes rationales, many at once: a loop on a dedicated thread takes requests as they arrive, lets them share each step
/// of the model, and returns each result when its <c>&lt;emb&gt;</c> has been read.
/// </summary>
/// <remarks>
/// Thread-safe: any number of callers may submit at any time. The result of a request does not depend on concurrent or earlier requests,
/// except for rounding. The KV cache exists only while there is work, save what <see cref="DecodingEngineOptions.MaxPrefixTokens"/> keeps.
/// Borrows the model, which must outlive it.
/// </remarks>
public sealed class DecodingEngine : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _signal = new(0);
    private readonly List<PendingSequence> _inbox = [];
    private readonly DecodeScheduler _scheduler;
    private readonly Thread _thread;
    private readonly bool _hasOutput = true;
    private bool _stopping;

    /// <summary>Starts a decoder.</summary>
    /// <param name="model">The model.</param>
    /// <param name="embTokenId">Id of <c>&lt;emb&gt;</c>, the token that ends a rationale and is pooled.</param>
    /// <param name="options">Limits on concurrent work; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The vocabulary lacks the token, or an option is out of range.</exception>
    public DecodingEngine(QwenVlModel model, int embTokenId, DecodingEngineOptions? options = null)
        : this(new CachedModel(Checked(model, embTokenId)), embTokenId, options) => _hasOutput = model.HasOutputProjection;

    internal DecodingEngine(ISequenceModel model, int embTokenId, DecodingEngineOptions? options)
    {
        options ??= new DecodingEngineOptions();
        options.Validate();
        _scheduler = new DecodeScheduler(model, embTokenId, options);
        _thread = new Thread(Run) { IsBackground = true, Name = nameof(DecodingEngine) };
        _thread.Start();
    }

    /// <summary>Decodes one prompt.</summary>
    /// <exception cref="ArgumentException">The prompt is empty, or a generation option is out of range.</exception>
    /// <exception cref="EmbeddingException">The model's logits are not numbers, or a rationale is asked for and the model has no output
    /// projection.</exception>
    /// <exception cref="ObjectDisposedException">The engine was disposed before the result was ready.</exception>
    public async Task<DecodedSequence> DecodeAsync(DecodeRequest request, CancellationToken cancellationToken = default) =>
        (await DecodeAsync([request], cancellationToken))[0];

    /// <summary>
    /// Decodes prompts that are submitted together; results in their order. An image instance shared by several is encoded once.
    /// </summary>
    /// <inheritdoc cref="DecodeAsync(DecodeRequest, CancellationToken)" path="/exception"/>
    public Task<DecodedSequence[]> DecodeAsync(IReadOnlyList<DecodeRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        // Keeps nothing: its purpose is that an image given twice is encoded once.
        var images = new VisionFeatureCache(capacity: 0);
        var sequences = requests
            .Select(request => new PendingSequence(
                request,
                [.. request.Images.Select(image => images.Lease(image, () => image))],
                cancellationToken
            ))
            .ToArray();
        Submit(sequences);
        return Task.WhenAll(sequences.Select(sequence => sequence.Completion));
    }

    /// <summary>Checks that the model can write.</summary>
    /// <exception cref="EmbeddingException">It has no output projection.</exception>
    internal void RequireOutput()
    {
        if (!_hasOutput)
            throw new EmbeddingException(QwenVlModel.MissingOutputProjection);
    }

    /// <summary>The model, whose vocabulary must have the token: checked before a thread is started that nobody could stop.</summary>
    private static QwenVlModel Checked(QwenVlModel model, int embTokenId)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)embTokenId, (uint)model.Config.Text.VocabSize, nameof(embTokenId));
        return model;
    }

    /// <summary>Hands requests to the loop, all at once.</summary>
    internal void Submit(IReadOnlyList<PendingSequence> sequences)
    {
        foreach (var sequence in sequences)
        {
            if (sequence.PromptLength == 0)
                throw new ArgumentException("A prompt has no tokens.", nameof(sequences));
            sequence.Request.Generation?.Validate();
            if (sequence.Request.Generation is not null)
                RequireOutput();
        }
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            _inbox.AddRange(sequences);
        }
        _signal.Release();
    }

    private void Run()
    {
        while (true)
        {
            if (_scheduler.IsIdle)
                _signal.Wait();
            lock (_lock)
            {
                foreach (var sequence in _inbox)
                    _scheduler.Enqueue(sequence);
                _inbox.Clear();
                if (_stopping)
                    break;
            }
            _scheduler.Advance();
        }
        _scheduler.FailAll(new ObjectDisposedException(nameof(DecodingEngine)));
    }

    /// <summary>Stops the loop; what was not finished fails with <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_stopping)
                return;
            _stopping = true;
        }
        _signal.Release();
        _thread.Join();
        _signal.Dispose();
    }
}
