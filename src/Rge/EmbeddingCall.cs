using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Rge.Decoding;
using Rge.Imaging;
using Rge.Models;
using Rge.Prompts;

namespace Rge;

/// <summary>
/// One call of the embedder. Items go through in windows: while one is computed, the next one's images are decoded and its prompts built.
/// An item that fails ends the call, or is left out where failures are collected.
/// </summary>
internal sealed class EmbeddingCall(
    RationaleDecoder decoder, QwenVlProcessor processor, PromptBuilder prompts, ReasoningEmbedderOptions defaults, GenerationOptions generation,
    ReasoningEmbeddingOptions options, ImageMemory? memory, IReadOnlyList<EmbeddingInput> inputs, Action<int>? onToken, bool collectsErrors)
{
    private readonly IReadOnlyList<ContentPart>[] _contents = new IReadOnlyList<ContentPart>[inputs.Count];
    private readonly CallImage[][] _images = new CallImage[inputs.Count][]; // by item, as in its Images: one for each time it is shown
    private readonly EmbeddingResult?[] _results = new EmbeddingResult?[inputs.Count];
    private readonly List<Task> _submitted = [];
    private int _completed;
    private long _rationaleTokens;

    /// <returns>A result for each item, in their order; all of them embeddings unless failures are collected.</returns>
    public async Task<EmbeddingResult[]> RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        for (var i = 0; i < inputs.Count; i++) _contents[i] = OfItem(i, () => PromptContent.Of(Checked(inputs[i]))) ?? [];
        var images = await FindImagesAsync(stop.Token);
        try
        {
            var before = Task.CompletedTask;
            foreach (var window in Order().Chunk(defaults.ItemsAhead))
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
            // Nothing of a call goes on after it has ended.
            await Task.WhenAll(_submitted).ContinueWith(task => task.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            foreach (var image in images) image.ReleaseRest();
        }
    }

    /// <summary>Refuses an item that is null, or has what no item can have: every other part of the call relies on it.</summary>
    private static EmbeddingInput Checked(EmbeddingInput? input)
    {
        if (input is null) throw new EmbeddingException("The item is null, expected an EmbeddingInput.");
        if (input.Images.ToList().FindIndex(image => image is null) is >= 0 and var index)
            throw new EmbeddingException($"Images[{index}] of the item is null, expected an image.");
        if (input.Content.ToList().FindIndex(part => part is null or TextPart { Text: null }) is >= 0 and var place)
            throw new EmbeddingException($"Content[{place}] of the item is null, expected a text or an image.");
        if (!Enum.IsDefined(input.Role)) throw new EmbeddingException($"The item's role is {input.Role}, expected {nameof(ItemRole.Query)} or {nameof(ItemRole.Target)}.");
        return input.Reasoning is { } mode && !Enum.IsDefined(mode)
            ? throw new EmbeddingException($"The item's reasoning is {mode}, expected {nameof(ReasoningMode.On)} or {nameof(ReasoningMode.Off)}.")
            : input;
    }

    /// <summary>Finds the distinct images of the call by their content, and how often each is shown.</summary>
    private async Task<IReadOnlyCollection<CallImage>> FindImagesAsync(CancellationToken cancellationToken)
    {
        var sources = Enumerable.Range(0, inputs.Count).Where(IsAlive).SelectMany(i => inputs[i].Images).Distinct().ToArray();
        var keys = new ConcurrentDictionary<ImageSource, object>();
        var unreadable = new ConcurrentDictionary<ImageSource, ImageInputException>();
        await Parallel.ForAsync(0, sources.Length, cancellationToken, (i, _) =>
        {
            try
            {
                keys[sources[i]] = sources[i].ContentKey(defaults.ImageLimits);
            }
            catch (ImageInputException e)
            {
                unreadable[sources[i]] = e;
            }
            return ValueTask.CompletedTask;
        });
        for (var i = 0; i < inputs.Count; i++)
            if (IsAlive(i) && inputs[i].Images.FirstOrDefault(unreadable.ContainsKey) is { } source) Fail(i, unreadable[source]);

        var shown = Enumerable.Range(0, inputs.Count).Where(IsAlive).SelectMany(i => inputs[i].Images);
        var images = shown.GroupBy(source => keys[source])
            .ToDictionary(group => group.Key, group => new CallImage(group.First(), group.Key, group.Count(), processor.Images, defaults.ImageLimits, prompts.MaxTokens, memory));
        for (var i = 0; i < inputs.Count; i++) _images[i] = IsAlive(i) ? [.. inputs[i].Images.Select(source => images[keys[source]])] : [];
        return images.Values;
    }

    /// <summary>Items that show the same image side by side, so that it need not be kept; those alike in that, the longest first.</summary>
    private IEnumerable<int> Order()
    {
        var firstImages = _images.Select(images => images.FirstOrDefault()).ToArray();
        return Enumerable.Range(0, inputs.Count).Where(IsAlive).GroupBy(i => firstImages[i])
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
        var mode = input.Reasoning ?? options.Reasoning ?? defaults.ReasoningOf(input.Role);
        var reasons = mode == ReasoningMode.On && input.Rationale is null;
        if (reasons) decoder.RequireOutput();
        var prompt = prompts.Build(input, _contents[index], [.. _images[index].Select(image => image.Grid)], reasons);
        return new Prepared(index, prompt, new DecodeRequest(prompt.TokenIds) { Generation = reasons ? generation : null, OnToken = onToken });
    }

    /// <summary>Hands a window to the decoder, the longest prompts first.</summary>
    private Task Submit(Prepared[] window, CancellationToken cancellationToken)
    {
        var ordered = window.OrderByDescending(item => item.Prompt.TokenIds.Length).ToArray();
        var sequences = ordered.Select(item => new PendingSequence(item.Request, TakeImages(item.Index), cancellationToken)).ToArray();
        decoder.Submit(sequences);
        var current = Task.WhenAll(ordered.Zip(sequences, (item, sequence) => CompleteAsync(item, sequence.Completion)));
        _submitted.Add(current);
        return current;
    }

    private SharedImage[] TakeImages(int index) => Array.ConvertAll(_images[index], image => image.Take());

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
        var written = decoded.End == RationaleEnd.NotGenerated
            ? inputs[item.Index].Rationale
            : processor.Tokenizer.Decode(decoded.End == RationaleEnd.Emb ? decoded.RationaleIds.SkipLast(1) : decoded.RationaleIds, skipSpecialTokens: true);
        return new ReasoningEmbedding
        {
            Vector = Similarity.Normalised(hidden.Span),
            Rationale = written,
            RationaleIds = decoded.End == RationaleEnd.NotGenerated ? item.Prompt.RationaleIds : decoded.RationaleIds,
            RationaleEnd = decoded.End,
            PromptTokens = item.Prompt.TokenIds.Length,
            ImageTokens = item.Prompt.ImageTokens,
            Timings = decoded.Timings,
        };
    }

    private bool IsAlive(int index) => _results[index] is null;

    /// <summary>Does what concerns one item only. Null where that fails and failures are collected.</summary>
    private T? OfItem<T>(int index, Func<T> work) where T : class
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
        if (!collectsErrors) ExceptionDispatchInfo.Throw(named);
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
