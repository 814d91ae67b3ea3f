using System.Runtime.ExceptionServices;
using Rge.Decoding;
using Rge.Imaging;

namespace Rge;

/// <summary>
/// One call of the reranker: documents go through in windows, and the images of the query are kept until the last of them is done. A
/// document that fails ends the call, or has no score where failures are collected.
/// </summary>
/// <param name="context">What all calls of the reranker share.</param>
/// <param name="query">The query.</param>
/// <param name="documents">The documents.</param>
/// <param name="progress">Receives the number of documents that are done; null for none.</param>
/// <param name="collectsErrors">Whether failures are collected.</param>
internal sealed class RerankCall(
    RerankContext context,
    EmbeddingInput query,
    IReadOnlyList<EmbeddingInput> documents,
    IProgress<int>? progress,
    bool collectsErrors
)
{
    private readonly RerankResult[] _results = new RerankResult[documents.Count];
    private object[] _queryKeys = []; // as the query's images
    private int _completed;

    /// <returns>A result for each document, in their order; all of them scores unless failures are collected.</returns>
    public async Task<RerankResult[]> RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _queryKeys = Keys(ItemCheck.Checked(query, "query"));
        var shared = Lease(query, _queryKeys);
        try
        {
            // Decoded first, so that what is wrong with the query is not said of a document.
            foreach (var image in shared)
                _ = image.Grid;
            foreach (var window in Enumerable.Range(0, documents.Count).Chunk(context.Options.PrefetchItems))
                await RunAsync(window, stop);
            return _results;
        }
        finally
        {
            Release(shared);
        }
    }

    private async Task RunAsync(int[] window, CancellationTokenSource stop)
    {
        var pairs = new PendingSequence?[window.Length];
        try
        {
            await Parallel.ForAsync(0, window.Length, stop.Token, (i, _) =>
            {
                pairs[i] = Prepare(window[i], stop.Token);
                return ValueTask.CompletedTask;
            });
            context.Decoder.Submit([.. pairs.OfType<PendingSequence>().OrderByDescending(pair => pair.PromptLength)]);
        }
        catch
        {
            foreach (var pair in pairs.OfType<PendingSequence>())
                Release(pair.Images);
            throw;
        }
        // No work of a call outlives it, also where it is cancelled.
        await Task.WhenAll(window.Zip(pairs, (index, pair) => CompleteAsync(index, pair, stop)));
    }

    /// <returns>The pair; null where it cannot be read, which is its result then.</returns>
    private PendingSequence? Prepare(int index, CancellationToken cancellationToken)
    {
        ImageLease[] images = [];
        try
        {
            var document = ItemCheck.Checked(documents[index], "document");
            var keys = Keys(document);
            images = [.. context.Prompts.InOrder(Lease(query, _queryKeys), Lease(document, keys))];
            var prompt = context.Prompts.Build(query, document, [.. images.Select(image => image.Grid)]);
            var request = new DecodeRequest(prompt) { Positions = context.Prompts.Preset.Positions };
            return new PendingSequence(request, images, cancellationToken);
        }
        catch (Exception e)
        {
            Release(images);
            if (e is not RgeException problem)
                throw;
            Fail(index, problem);
            return null;
        }
    }

    private async Task CompleteAsync(int index, PendingSequence? pair, CancellationTokenSource stop)
    {
        if (pair is null)
            return;
        try
        {
            var decoded = await pair.Completion;
            Finish(
                new RerankResult
                {
                    Index = index,
                    Score = Score(decoded.HiddenState),
                    PromptTokens = pair.PromptLength,
                    ReusedTokens = decoded.ReusedTokens,
                }
            );
        }
        catch (RgeException e)
        {
            if (!collectsErrors)
                await stop.CancelAsync();
            Fail(index, e);
        }
    }

    /// <summary>Says which document an error is about, then records it or ends the call.</summary>
    private void Fail(int index, RgeException error)
    {
        var named = error.AtItem(index, inMessage: documents.Count > 1);
        if (!collectsErrors)
            ExceptionDispatchInfo.Throw(named);
        Finish(new RerankResult { Index = index, Error = named });
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

    private object[] Keys(EmbeddingInput item) => [.. item.Images.Select(image => image.ContentKey(context.Options.ImageLimits))];

    private ImageLease[] Lease(EmbeddingInput item, object[] keys) =>
        [.. item.Images.Zip(keys, (image, key) => context.Images.Lease(key, () => Load(image)))];

    private PatchedImage Load(ImageSource image) =>
        image.Load(context.Processor.Images, context.Options.ImageLimits, context.Prompts.MaxTokens);

    private static void Release(IEnumerable<ImageLease> images)
    {
        foreach (var image in images)
            image.Dispose();
    }
}
