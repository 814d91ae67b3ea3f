using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Rge.Decoding;
using Rge.Imaging;
using Rge.Prompts;

namespace Rge;

/// <summary>
/// One call of the embedder. Items go through in windows: while one is computed, the next one's images are decoded and its prompts built.
/// An item that fails ends the call, or is left out where failures are collected.
/// </summary>
/// <param name="context">What all calls of the embedder share.</param>
/// <param name="generation">How rationales are written.</param>
/// <param name="options">What the call asks for beside that.</param>
/// <param name="inputs">The items.</param>
/// <param name="onToken">Receives each token that is written; null for none.</param>
/// <param name="collectsErrors">Whether failures are collected.</param>
internal sealed class EmbeddingCall(
    EmbeddingContext context,
    GenerationOptions generation,
    ReasoningEmbeddingOptions options,
    IReadOnlyList<EmbeddingInput> inputs,
    Action<int>? onToken,
    bool collectsErrors
)
{
    private readonly IReadOnlyList<ContentPart>[] _contents = new IReadOnlyList<ContentPart>[inputs.Count];
    private readonly object[][] _imageKeys = new object[inputs.Count][]; // by item, as in its Images
    private readonly ImageLease[][] _images = new ImageLease[inputs.Count][]; // as the keys: a lease for each time an image is shown
    private readonly EmbeddingResult?[] _results = new EmbeddingResult?[inputs.Count];
    private readonly List<Task> _submitted = [];
    private int _completed;
    private long _rationaleTokens;

    /// <returns>A result for each item, in their order; all of them embeddings unless failures are collected.</returns>
    public async Task<EmbeddingResult[]> RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        for (var i = 0; i < inputs.Count; i++)
            _contents[i] = OfItem(i, () => context.Prompts.Content(ItemCheck.Checked(inputs[i], "item"))) ?? [];
        try
        {
            await FindImagesAsync(stop.Token);
            var before = Task.CompletedTask;
            foreach (var window in Order().Chunk(context.Options.PrefetchItems))
            {
                var prepared = await PrepareAsync(window, stop.Token);
                var current = Submit(prepared, stop.Token);
                await before;
                before = current;
            }
            await before;
            return _results!;
        }
        catch
        {
            await stop.CancelAsync();
            throw;
        }
        finally
        {
            // No work of a call outlives it.
            await Task.WhenAll(_submitted)
                .ContinueWith(task => task.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            foreach (var image in _images.SelectMany(images => images ?? []))
                image.Dispose();
        }
    }

    /// <summary>Finds the distinct images of the call by their content, and takes a lease of them wherever they are shown.</summary>
    private async Task FindImagesAsync(CancellationToken cancellationToken)
    {
        var sources = Enumerable.Range(0, inputs.Count).Where(IsAlive).SelectMany(i => inputs[i].Images).Distinct().ToArray();
        var keys = new ConcurrentDictionary<ImageSource, object>();
        var unreadable = new ConcurrentDictionary<ImageSource, ImageInputException>();
        await Parallel.ForAsync(0, sources.Length, cancellationToken, (i, _) =>
        {
            try
            {
                keys[sources[i]] = sources[i].ContentKey(context.Options.ImageLimits);
            }
            catch (ImageInputException e)
            {
                unreadable[sources[i]] = e;
            }
            return ValueTask.CompletedTask;
        });
        for (var i = 0; i < inputs.Count; i++)
            if (IsAlive(i) && inputs[i].Images.FirstOrDefault(unreadable.ContainsKey) is { } source)
                Fail(i, unreadable[source]);

        for (var i = 0; i < inputs.Count; i++)
        {
            ImageSource[] shown = IsAlive(i) ? [.. inputs[i].Images] : [];
            _imageKeys[i] = Array.ConvertAll(shown, source => keys[source]);
            _images[i] = Array.ConvertAll(shown, source => context.Images.Lease(keys[source], () => Load(source)));
        }
    }

    private PatchedImage Load(ImageSource source) =>
        source.Load(context.Processor.Images, context.Options.ImageLimits, context.Prompts.MaxTokens);

    /// <summary>Items that show the same image side by side, so that it need not be kept; those alike in that, the longest first.</summary>
    private IEnumerable<int> Order()
    {
        var firstImages = _imageKeys.Select(keys => keys.FirstOrDefault()).ToArray();
        return Enumerable
            .Range(0, inputs.Count)
            .Where(IsAlive)
            .GroupBy(i => firstImages[i])
            .SelectMany(group => group.OrderByDescending(i => _contents[i].OfType<TextPart>().Sum(part => part.Text.Length)));
    }

    private async Task<Prepared[]> PrepareAsync(int[] window, CancellationToken cancellationToken)
    {
        var prepared = new Prepared?[window.Length];
        await Parallel.ForAsync(0, window.Length, cancellationToken, (i, _) =>
        {
            prepared[i] = OfItem(window[i], () => Prepare(window[i]));
            return ValueTask.CompletedTask;
        });
        return [.. prepared.OfType<Prepared>()];
    }

    private Prepared Prepare(int index)
    {
        var input = inputs[index];
        var mode = input.Reasoning ?? options.Reasoning ?? context.Options.ReasoningOf(input.Role, context.Prompts.Preset);
        var reasons = mode != ReasoningMode.Off && input.Rationale is null;
        if (reasons)
            context.Decoder.RequireOutput();
        var prompt = context.Prompts.Build(input, [.. _images[index].Select(image => image.Grid)], reasons);
        // No token sees those after it, so what follows the pooled one need not be run.
        var request = new DecodeRequest(prompt.TokenIds[..(prompt.PooledIndex + 1)])
        {
            Positions = context.Prompts.Preset.Positions,
            Generation = reasons ? generation : null,
            EndOfTurn = context.Prompts.EndOfTurn,
            DirectThreshold =
                mode == ReasoningMode.On && generation.DirectThreshold is not null ? double.PositiveInfinity : generation.DirectThreshold,
            OnToken = onToken,
        };
        return new Prepared(index, prompt, request);
    }

    /// <summary>Hands a window to the decoder, the longest prompts first.</summary>
    private Task Submit(Prepared[] window, CancellationToken cancellationToken)
    {
        var ordered = window.OrderByDescending(item => item.Prompt.TokenIds.Length).ToArray();
        var sequences = ordered.Select(item => new PendingSequence(item.Request, _images[item.Index], cancellationToken)).ToArray();
        context.Decoder.Submit(sequences);
        var current = Task.WhenAll(ordered.Zip(sequences, (item, sequence) => CompleteAsync(item, sequence.Completion)));
        _submitted.Add(current);
        return current;
    }

    private async Task CompleteAsync(Prepared item, Task<DecodedSequence> decoding)
    {
        try
        {
            Finish(new EmbeddingResult { Index = item.Index, Embedding = Describe(item, await decoding) });
        }
        catch (RgeException e)
        {
            Fail(item.Index, e);
        }
    }

    private ReasoningEmbedding Describe(Prepared item, DecodedSequence decoded)
    {
        var hidden = decoded.HiddenState.AsMemory(0, options.Dimensions ?? decoded.HiddenState.Length);
        var text = decoded.RationaleIds.AsEnumerable();
        if (decoded.FinishReason == FinishReason.Emb)
            text = text.Take(Array.LastIndexOf(decoded.RationaleIds, context.Prompts.EmbTokenId));
        var written =
            decoded.FinishReason == FinishReason.NotGenerated
                ? inputs[item.Index].Rationale
                : context.Processor.Tokenizer.Decode(text, skipSpecialTokens: true);
        return new ReasoningEmbedding
        {
            Vector = context.Prompts.Preset.Normalize ? Similarity.Normalize(hidden.Span) : hidden.ToArray(),
            Rationale = written,
            RationaleIds = decoded.FinishReason == FinishReason.NotGenerated ? item.Prompt.RationaleIds : decoded.RationaleIds,
            FinishReason = decoded.FinishReason,
            PromptTokens = item.Prompt.TokenIds.Length,
            ImageTokens = item.Prompt.ImageTokens,
            DirectProbability = decoded.DirectProbability,
            ReusedTokens = decoded.ReusedTokens,
            Timings = decoded.Timings,
        };
    }

    private bool IsAlive(int index) => _results[index] is null;

    /// <summary>Does what concerns one item only. Null where that fails and failures are collected.</summary>
    private T? OfItem<T>(int index, Func<T> work)
        where T : class
    {
        try
        {
            return work();
        }
        catch (RgeException e)
        {
            Fail(index, e);
            return null;
        }
    }

    /// <summary>Says which item an error is about, then records it or ends the call.</summary>
    private void Fail(int index, RgeException error)
    {
        var named = error.AtItem(index, inMessage: inputs.Count > 1);
        if (!collectsErrors)
            ExceptionDispatchInfo.Throw(named);
        // The call may go on for long, and nothing else of it needs them.
        foreach (var image in _images[index] ?? [])
            image.Dispose();
        Finish(new EmbeddingResult { Index = index, Error = named });
    }

    private void Finish(EmbeddingResult result)
    {
        _results[result.Index] = result;
        var tokens = Interlocked.Add(ref _rationaleTokens, result.Embedding?.RationaleIds.Count ?? 0);
        options.Progress?.Report(new EmbeddingProgress(Interlocked.Increment(ref _completed), inputs.Count, tokens));
    }

    private sealed record Prepared(int Index, ItemPrompt Prompt, DecodeRequest Request);
}
