using System.Runtime.InteropServices;
using Rge.Models.Inputs;
using Rge.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Decoding;

/// <summary>
/// Continuous batching: rationales at different points of their way share each step; one that has ended leaves at once and one that waits
/// takes its slot. Prompts without a rationale are read in batches in between. Single-threaded; <see cref="DecodingEngine"/> gives it a
/// thread of its own.
/// </summary>
/// <remarks>Running sequences always are in slots 0, 1, 2 … of the state, so that a step reads it in place.</remarks>
internal sealed class DecodeScheduler(ISequenceModel model, int embTokenId, DecodingEngineOptions options)
{
    /// <summary>The state's capacity is a multiple of this, so that requests of about the same length do not each resize it.</summary>
    private const int CapacityStep = 64;

    private readonly List<PendingSequence> _prompts = [];
    private readonly List<PendingSequence> _waiting = [];
    private readonly List<DecodingSlot> _slots = []; // by slot of the state
    private int _stateSlots;
    private int _stateCapacity;

    /// <summary>True where there is nothing to do.</summary>
    public bool IsIdle => _prompts.Count == 0 && _waiting.Count == 0 && _slots.Count == 0;

    /// <summary>Adds a request; requests start in the order of arrival.</summary>
    public void Enqueue(PendingSequence sequence) => (sequence.Request.Generation is null ? _prompts : _waiting).Add(sequence);

    /// <summary>Runs one slice of work: a batch of prompts to pool, prefill of the free slots, one decoding step of all slots.</summary>
    /// <remarks>Never throws: an error ends the requests it concerns.</remarks>
    public void Advance()
    {
        // One scope a slice: whatever it makes dies with it. No graph either, whatever is being trained.
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        try
        {
            foreach (var sequence in _prompts.Concat(_waiting).Concat(_slots.Select(slot => slot.Sequence)))
                sequence.EndIfCancelled();
            _prompts.RemoveAll(sequence => sequence.HasEnded);
            _waiting.RemoveAll(sequence => sequence.HasEnded);
            RemoveEndedSlots();
            PoolPrompts();
            BeginRationales();
            Step();
            if (_slots.Count == 0 && _waiting.Count == 0)
                ReleaseState();
        }
        catch (Exception e)
        {
            FailAll(e);
        }
    }

    /// <summary>Ends all work with an error.</summary>
    public void FailAll(Exception error)
    {
        foreach (var sequence in _prompts.Concat(_waiting).Concat(_slots.Select(slot => slot.Sequence)))
            sequence.Fail(error);
        _prompts.Clear();
        _waiting.Clear();
        _slots.Clear();
        ReleaseState();
    }

    private void PoolPrompts()
    {
        var batch = Take(_prompts, _prompts.Count);
        if (batch.Count == 0)
            return;
        try
        {
            var hidden = Host(Read(batch, model.Encode));
            for (var i = 0; i < batch.Count; i++)
                batch[i].Complete(Row(hidden, i).ToArray(), [], FinishReason.NotGenerated);
        }
        catch (Exception e)
        {
            foreach (var sequence in batch)
                sequence.Fail(e);
        }
    }

    private void BeginRationales()
    {
        var batch = Take(_waiting, MakeRoom());
        if (batch.Count == 0)
            return;
        try
        {
            var first = _slots.Count;
            var hidden = Read(batch, inputs => model.Prefill(inputs, [.. Enumerable.Range(first, batch.Count)]));
            _slots.AddRange(batch.Select(sequence => new DecodingSlot(sequence, embTokenId)));
            var begun = _slots[first..];
            if (begun.Exists(slot => slot.EndsWithTurn))
                Observe(Host(hidden), begun);
            Choose(hidden, begun);
        }
        catch (Exception e)
        {
            foreach (var sequence in batch)
                sequence.Fail(e);
        }
        RemoveEndedSlots();
    }

    /// <summary>Takes the first requests of a queue that fit one pass; a prompt longer than the limit goes alone.</summary>
    private List<PendingSequence> Take(List<PendingSequence> queue, int atMost)
    {
        var (count, tokens) = (0, 0L);
        while (count < Math.Min(atMost, queue.Count) && (count == 0 || tokens + queue[count].PromptLength <= options.MaxPrefillTokens))
            tokens += queue[count++].PromptLength;
        var taken = queue.GetRange(0, count);
        queue.RemoveRange(0, count);
        return taken;
    }

    /// <summary>Sizes the state for as many of the waiting rationales as may run beside the present ones, and says how many.</summary>
    private int MakeRoom()
    {
        var (slots, capacity) = (_slots.Count, _stateCapacity);
        foreach (var sequence in _waiting.Take(options.MaxBatchSize - _slots.Count))
        {
            var needed = Math.Max(capacity, (sequence.Capacity + CapacityStep - 1) / CapacityStep * CapacityStep);
            if (slots > 0 && (slots + 1) * (needed + model.SlotTokens) > options.MaxCacheTokens)
                break;
            (slots, capacity) = (slots + 1, needed);
        }
        if (slots == _slots.Count || (slots <= _stateSlots && capacity == _stateCapacity))
            return slots - _slots.Count;

        // Doubling keeps the copies of a growing state few; a longer capacity may leave room for fewer slots than there were.
        var wanted = Math.Min(options.MaxBatchSize, slots <= _stateSlots ? _stateSlots : Math.Max(slots, 2 * _stateSlots));
        (_stateSlots, _stateCapacity) = ((int)Math.Clamp(options.MaxCacheTokens / (capacity + model.SlotTokens), slots, wanted), capacity);
        model.ResizeState(_stateSlots, _stateCapacity, _slots.Count);
        return slots - _slots.Count;
    }

    /// <summary>Shows a batch's new images to the vision tower and its prompts to the decoder.</summary>
    private Tensor Read(List<PendingSequence> batch, Func<IReadOnlyList<ModelInput>, Tensor> decoder)
    {
        foreach (var sequence in batch)
            sequence.PrefillBegins();
        ImageLease.Encode(batch.SelectMany(sequence => sequence.Images), model.EncodeImages);
        var hidden = decoder([.. batch.Select(sequence => sequence.Input)]);
        foreach (var sequence in batch)
            sequence.PrefillEnded();
        return hidden;
    }

    private void Step()
    {
        if (_slots.Count == 0)
            return;
        try
        {
            StepSlots();
        }
        catch (Exception e)
        {
            foreach (var slot in _slots)
                slot.Sequence.Fail(e);
        }
        RemoveEndedSlots();
    }

    private void StepSlots()
    {
        var hidden = model.Step([.. _slots.Select(slot => slot.Next)]);
        // They come to the host only where one of them is asked for.
        var host = _slots.Exists(slot => slot.NextIsPooled || slot.EndsWithTurn) ? Host(hidden) : null;
        if (host is not null)
            Observe(host, _slots);
        var open = new List<int>();
        for (var i = 0; i < _slots.Count; i++)
        {
            if (_slots[i].NextIsPooled)
                _slots[i].Complete(Row(host!, i).ToArray());
            else if (_slots[i].IsAtLengthLimit)
                _slots[i].AppendEmb();
            else
                open.Add(i);
        }
        if (open.Count == 0)
            return;
        if (open.Count < _slots.Count)
            hidden = hidden.index_select(0, HostTransfers.Upload([.. open.Select(i => (long)i)], hidden.device));
        Choose(hidden, [.. open.Select(i => _slots[i])]);
    }

    /// <summary>Shows hidden states, a row a slot, to the slots that want to see each of theirs.</summary>
    private static void Observe(Tensor host, IReadOnlyList<DecodingSlot> slots)
    {
        for (var i = 0; i < slots.Count; i++)
            if (slots[i].EndsWithTurn)
                slots[i].Observe(Row(host, i));
    }

    /// <summary>Chooses the next token of slots from their hidden states; what goes wrong with one ends that one.</summary>
    private void Choose(Tensor hidden, IReadOnlyList<DecodingSlot> slots)
    {
        var logits = model.Logits(hidden);
        var isChosen = (options.ChoosesOnDevice ?? logits.device_type != DeviceType.CPU) && LikeliestTokens.Take(slots);
        var likeliest = isChosen ? LikeliestTokens.Find(logits, slots[0].BannedTokens) : [];
        var host = isChosen ? null : Host(logits);
        for (var i = 0; i < slots.Count; i++)
        {
            try
            {
                if (host is null)
                    slots[i].Take(likeliest[i].Token, likeliest[i].Logit);
                else
                    slots[i].Choose(Row(host, i));
            }
            catch (Exception e)
            {
                slots[i].Sequence.Fail(e);
            }
        }
    }

    /// <summary>Takes out the sequences that have ended; the last one moves to the slot of each.</summary>
    private void RemoveEndedSlots()
    {
        for (var i = _slots.Count - 1; i >= 0; i--)
        {
            if (!_slots[i].Sequence.HasEnded)
                continue;
            var last = _slots.Count - 1;
            if (i != last)
                model.MoveSlot(last, i);
            _slots[i] = _slots[last];
            _slots.RemoveAt(last);
        }
    }

    private void ReleaseState()
    {
        model.ReleaseState();
        (_stateSlots, _stateCapacity) = (0, 0);
    }

    private static Tensor Host(Tensor rows) => HostTransfers.Download(rows);

    /// <summary>One row of a float32 matrix on the CPU; valid while the tensor lives.</summary>
    private static Span<float> Row(Tensor matrix, int row)
    {
        var width = (int)matrix.shape[1];
        return MemoryMarshal.Cast<byte, float>(matrix.bytes).Slice(row * width, width);
    }
}
