using static TorchSharp.torch;

namespace Rge.Decoding;

/// <summary>
/// Reads prompts in batches: shows their new images to the vision tower and their tokens to the decoder, from the longest beginning on that
/// the cache has a state of, and leaves states to it. Single-threaded.
/// </summary>
/// <remarks>
/// A recurrent state cannot be cut, so a prompt with images is read in two passes, the first to the end of its last image: there the
/// instructions begin to differ.
/// </remarks>
internal sealed class PromptReader(ISequenceModel model, PrefixCache cache, int maxPrefillTokens)
{
    /// <summary>A prompt waits for another one of the same batch to be read where that spares it as many tokens.</summary>
    private const int WorthWaiting = 64;

    /// <summary>
    /// Takes requests out of a queue that fit one pass, the first ones except those that wait for what another one leaves; a prompt longer
    /// than the limit goes alone.
    /// </summary>
    /// <param name="queue">The requests, in the order of their arrival.</param>
    /// <param name="among">How many of the first ones may be taken.</param>
    public List<PendingSequence> Take(List<PendingSequence> queue, int among)
    {
        var (taken, tokens) = (new List<PendingSequence>(), 0L);
        foreach (var sequence in queue.Take(among))
        {
            var kept = KeptOf(sequence)?.Tokens ?? 0;
            if (taken.Exists(other => Promised(other, sequence) >= kept + WorthWaiting))
                continue;
            var unread = sequence.PromptLength - kept;
            if (taken.Count > 0 && tokens + unread > maxPrefillTokens)
                break;
            taken.Add(sequence);
            tokens += unread;
        }
        queue.RemoveAll(taken.Contains);
        return taken;
    }

    /// <summary>Reads prompts that stand alone, without a state.</summary>
    /// <returns>Hidden states <c>[B, hidden]</c> at their last tokens; the caller disposes.</returns>
    public Tensor Read(IReadOnlyList<PendingSequence> batch)
    {
        foreach (var sequence in batch)
            sequence.PrefillBegins();
        ImageLease.Encode(batch.SelectMany(sequence => sequence.Images), model.EncodeImages);
        var hidden = model.Encode([.. batch.Select(sequence => sequence.Input(0, sequence.PromptLength))]);
        foreach (var sequence in batch)
            sequence.PrefillEnded();
        return hidden;
    }

    /// <summary>Reads prompts into slots of a state that follow each other.</summary>
    /// <param name="batch">The prompts.</param>
    /// <param name="state">The state.</param>
    /// <param name="first">The slot of the first prompt.</param>
    /// <returns>Hidden states <c>[B, hidden]</c> at their last tokens; the caller disposes.</returns>
    public Tensor Read(IReadOnlyList<PendingSequence> batch, ISequenceState state, int first)
    {
        Reading[] readings = [.. batch.Select((sequence, i) => Begin(sequence, state, first + i))];
        ImageLease.Encode(readings.SelectMany(reading => reading.Sequence.ImagesFrom(reading.Done)), model.EncodeImages);
        ReadImages(readings, state);
        Reading[] unread = [.. readings.Where(reading => reading.Hidden is null)];
        var hidden = unread.Length == 0 ? null : Prefill(unread, reading => reading.Sequence.PromptLength, state);
        foreach (var sequence in batch)
            sequence.PrefillEnded();
        if (hidden is not null && unread.Length == readings.Length)
            return hidden;
        for (var i = 0; i < unread.Length; i++)
            unread[i].Hidden = hidden!.narrow(0, i, 1);
        return cat([.. readings.Select(reading => reading.Hidden!)], 0);
    }

    /// <summary>Begins a slot with what the cache has of a prompt.</summary>
    private Reading Begin(PendingSequence sequence, ISequenceState state, int slot)
    {
        sequence.PrefillBegins();
        state.Reset(slot);
        if (KeptOf(sequence) is not (var kept, var tokens))
            return new Reading(sequence, slot, 0);
        state.Begin(kept.State, slot, ContentOf(sequence)!, tokens);
        cache.Touch(kept);
        sequence.ReusedTokens = tokens;
        // A copy: what is kept may be evicted while the others are read.
        return new Reading(sequence, slot, tokens) { Hidden = tokens == sequence.PromptLength ? kept.Hidden.clone() : null };
    }

    /// <summary>Reads prompts up to the cuts before their ends that states are kept at.</summary>
    private void ReadImages(Reading[] readings, ISequenceState state)
    {
        Reading[] withImages = [.. readings.Where(reading => EndOfImages(reading) > reading.Done)];
        if (withImages.Length > 0)
            Prefill(withImages, EndOfImages, state).Dispose();
    }

    /// <summary>The cut before the end of a prompt that a state is kept at; 0 for none.</summary>
    private int EndOfImages(Reading reading) =>
        ContentOf(reading.Sequence) is { } content ? cache.Cuts(content).FirstOrDefault(cut => cut < content.Length) : 0;

    /// <summary>Reads prompts on, and keeps their states where the cache wants to.</summary>
    private Tensor Prefill(Reading[] readings, Func<Reading, int> end, ISequenceState state)
    {
        var hidden = model.Prefill(
            [.. readings.Select(reading => reading.Sequence.Input(reading.Done, end(reading)))],
            state,
            [.. readings.Select(reading => reading.Slot)]
        );
        for (var i = 0; i < readings.Length; i++)
        {
            var (row, reading) = (i, readings[i]);
            reading.Done = end(reading);
            if (ContentOf(reading.Sequence) is { } content)
                cache.Keep(content, reading.Done, () => Copy(state, reading, hidden.narrow(0, row, 1)));
        }
        return hidden;
    }

    private (ISequenceState State, Tensor Hidden) Copy(ISequenceState state, Reading reading, Tensor hidden)
    {
        var copy = model.CreateState(1, reading.Done);
        try
        {
            copy.CopyFrom(state, reading.Slot, 0);
            return (copy, hidden.clone().DetachFromDisposeScope());
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    private (KeptPrefix Prefix, int Tokens)? KeptOf(PendingSequence sequence) =>
        ContentOf(sequence) is { } content ? cache.Find(content) : null;

    private int Promised(PendingSequence first, PendingSequence sequence) =>
        ContentOf(first) is { } before && ContentOf(sequence) is { } content ? cache.Promised(before, content) : 0;

    private PromptContent? ContentOf(PendingSequence sequence) => cache.IsEnabled ? sequence.Content(model) : null;

    /// <summary>A prompt that is being read into a slot.</summary>
    private sealed class Reading(PendingSequence sequence, int slot, int done)
    {
        public PendingSequence Sequence => sequence;

        public int Slot => slot;

        /// <summary>The hidden state <c>[1, hidden]</c> at its last token; null until that is read.</summary>
        public Tensor? Hidden { get; set; }

        /// <summary>How many of its tokens the slot holds.</summary>
        public int Done { get; set; } = done;
    }
}
