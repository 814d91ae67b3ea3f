using System.Diagnostics;
using Rge.Models.Inputs;

namespace Rge.Decoding;

/// <summary>One request on its way through the scheduler: what was asked, the images it holds, and the promise of a result.</summary>
internal sealed class PendingSequence
{
    private readonly TaskCompletionSource<DecodedSequence> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _submitted = Stopwatch.GetTimestamp();
    private IReadOnlyList<ImageLease> _images;
    private long _prefillStart;
    private long _prefillEnd;
    private (PromptContent? Prompt, bool IsKnown) _content;

    /// <param name="request">The request.</param>
    /// <param name="images">A lease of each image of the prompt; disposed once the prompt has been read or the request has ended.</param>
    /// <param name="cancellationToken">Stops the work between two steps.</param>
    public PendingSequence(DecodeRequest request, IReadOnlyList<ImageLease> images, CancellationToken cancellationToken)
    {
        (Request, _images, CancellationToken) = (request, images, cancellationToken);
    }

    public DecodeRequest Request { get; }

    public CancellationToken CancellationToken { get; }

    public Task<DecodedSequence> Completion => _completion.Task;

    public bool HasEnded => _completion.Task.IsCompleted;

    public IReadOnlyList<ImageLease> Images => _images;

    /// <summary>How many tokens of the prompt were not read, as a kept state had them.</summary>
    public int ReusedTokens { get; set; }

    public int PromptLength => Request.PromptIds.Length;

    /// <summary>Tokens that its slot must hold: those of the prompt, the longest rationale and an appended end token.</summary>
    public int Capacity => checked(PromptLength + Request.Generation!.MaxRationaleTokens + 1);

    /// <summary>What the prompt shows, to compare with others; null where its images do not fit it. Found once, before the prompt is
    /// read.</summary>
    public PromptContent? Content(ISequenceModel model)
    {
        if (!_content.IsKnown)
            _content = (PromptContent.Create(Request, _images, model), true);
        return _content.Prompt;
    }

    /// <summary>Images that are not within the first tokens of the prompt; a cut where there are any is within <see cref="Content"/>.
    /// </summary>
    public IEnumerable<ImageLease> ImagesFrom(int start) => _images.Skip(start == 0 ? 0 : _content.Prompt!.ImagesWithin(start));

    /// <summary>A part of the prompt with its images' features; borrowed until <see cref="PrefillEnded"/>.</summary>
    /// <param name="start">The first token: 0, or a cut of <see cref="Content"/>.</param>
    /// <param name="end">The token after the last: <see cref="PromptLength"/>, or a cut of <see cref="Content"/>.</param>
    public ModelInput Input(int start, int end)
    {
        var images = ImagesFrom(start);
        if (end < PromptLength)
            images = images.SkipLast(_images.Count - _content.Prompt!.ImagesWithin(end));
        return new ModelInput(Request.PromptIds[start..end], [.. images.Select(image => image.Features)]) { Positions = Request.Positions };
    }

    public void PrefillBegins() => _prefillStart = Stopwatch.GetTimestamp();

    /// <summary>The prompt has been read: the images are not needed any more.</summary>
    public void PrefillEnded()
    {
        _prefillEnd = Stopwatch.GetTimestamp();
        ReleaseImages();
    }

    /// <summary>As <see cref="DecodedSequence.DirectProbability"/>.</summary>
    public double? DirectProbability { get; set; }

    public void Complete(float[] hidden, int[] rationale, FinishReason finish, float[]? logProbabilities = null)
    {
        var timings = new DecodeTimings(
            Stopwatch.GetElapsedTime(_submitted, _prefillStart),
            Stopwatch.GetElapsedTime(_prefillStart, _prefillEnd),
            finish == FinishReason.NotGenerated ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_prefillEnd)
        );
        _completion.TrySetResult(
            new DecodedSequence(hidden, rationale, finish, timings)
            {
                DirectProbability = DirectProbability,
                ReusedTokens = ReusedTokens,
                LogProbabilities = logProbabilities ?? [],
            }
        );
    }

    public void Fail(Exception error)
    {
        ReleaseImages();
        _completion.TrySetException(error);
    }

    /// <summary>Ends the request if its caller has cancelled it.</summary>
    public void EndIfCancelled()
    {
        if (!CancellationToken.IsCancellationRequested)
            return;
        ReleaseImages();
        _completion.TrySetCanceled(CancellationToken);
    }

    private void ReleaseImages()
    {
        foreach (var image in _images)
            image.Dispose();
        _images = [];
    }
}
