using Rge.Decoding;
using Rge.Imaging;

namespace Rge;

/// <summary>
/// One call of the reranker: documents go through in windows, and the images of the query are kept until the last of them is done.
/// </summary>
internal sealed class RerankCall(
    RerankContext context,
    EmbeddingInput query,
    IReadOnlyList<EmbeddingInput> documents,
    IProgress<int>? progress
)
{
    private readonly RerankResult[] _results = new RerankResult[documents.Count];
    private int _completed;

    /// <returns>A result for each document, in their order.</returns>
    public async Task<RerankResult[]> RunAsync(CancellationToken cancellationToken)
    {
        ImageLease[] shared = [];
        try
        {
            shared = Lease(query);
            // Decoded first, so that what is wrong with the query is not said of a document.
            foreach (var image in shared)
                _ = image.Grid;
            foreach (var window in Enumerable.Range(0, documents.Count).Chunk(context.Options.PrefetchItems))
                await RunAsync(window, cancellationToken);
            return _results;
        }
        finally
        {
            Release(shared);
        }
    }

    private async Task RunAsync(int[] window, CancellationToken cancellationToken)
    {
        var pairs = new PendingSequence?[window.Length];
        try
        {
            await Parallel.ForAsync(0, window.Length, cancellationToken, (i, _) =>
            {
                pairs[i] = Prepare(window[i], cancellationToken);
                return ValueTask.CompletedTask;
            });
            context.Decoder.Submit([.. pairs.OfType<PendingSequence>().OrderByDescending(pair => pair.PromptLength)]);
        }
        catch
        {
            foreach (var pair in pairs.OfType<PendingSequence>())
                Release([.. pair.Images]);
            throw;
        }
        // No work of a call outlives it, also where it is cancelled.
        await Task.WhenAll(window.Zip(pairs, CompleteAsync));
    }

    /// <returns>The pair; null where it cannot be read, which is its result then.</returns>
    private PendingSequence? Prepare(int index, CancellationToken cancellationToken)
    {
        ImageLease[] images = [];
        try
        {
            var document = documents[index] ?? throw new EmbeddingException("The document is null, expected an EmbeddingInput.");
            images = Lease(document);
            images = [.. context.Prompts.InOrder(Lease(query), images)];
            var prompt = context.Prompts.Build(query, document, [.. images.Select(image => image.Grid)]);
            var request = new DecodeRequest(prompt) { Positions = context.Prompts.Preset.Positions };
            return new PendingSequence(request, images, cancellationToken);
        }
        catch (RgeException e)
        {
            Release(images);
            Finish(new RerankResult { Index = index, Error = e.AtItem(index, inMessage: documents.Count > 1) });
            return null;
        }
    }

    private async Task CompleteAsync(int index, PendingSequence? pair)
    {
        if (pair is null)
            return;
        try
        {
            var hidden = (await pair.Completion).HiddenState;
            Finish(
                new RerankResult
                {
                    Index = index,
                    Score = Score(hidden),
                    PromptTokens = pair.PromptLength,
                }
            );
        }
        catch (RgeException e)
        {
            Finish(new RerankResult { Index = index, Error = e.AtItem(index, inMessage: documents.Count > 1) });
        }
    }

    /// <summary>σ(h · (W_yes − W_no)), the softmax of the two logits.</summary>
    private double Score(float[] hidden)
    {
        var difference = 0.0;
        for (var i = 0; i < hidden.Length; i++)
            difference += (double)hidden[i] * context.Direction[i];
        return double.IsFinite(difference)
            ? 1 / (1 + Math.Exp(-difference))
            : throw new EmbeddingException(
                "The score is not a number; the model's activations overflow or its weights are damaged. With float16 weights, try "
                    + "bfloat16 or float32."
            );
    }

    private void Finish(RerankResult result)
    {
        _results[result.Index] = result;
        progress?.Report(Interlocked.Increment(ref _completed));
    }

    private ImageLease[] Lease(EmbeddingInput item)
    {
        var keys = item.Images.Select(image => image.ContentKey(context.Options.ImageLimits)).ToArray();
        return [.. item.Images.Zip(keys, (image, key) => context.Images.Lease(key, () => Load(image)))];
    }

    private PatchedImage Load(ImageSource image) =>
        image.Load(context.Processor.Images, context.Options.ImageLimits, context.Prompts.MaxTokens);

    private static void Release(ImageLease[] images)
    {
        foreach (var image in images)
            image.Dispose();
    }
}
