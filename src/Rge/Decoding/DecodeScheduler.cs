using System.Runtime.InteropServices;
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
internal sealed class DecodeScheduler
{
    /// <summary>The state's capacity is a multiple of this, so that requests of about the same length do not each resize it.</summary>
    private const int CapacityStep = 64;

    private readonly ISequenceModel _model;
    private readonly int _embTokenId;
    private readonly DecodingEngineOptions _options;
    private readonly List<PendingSequence> _prompts = [];
    private readonly List<PendingSequence> _waiting = [];
    private readonly List<DecodingSlot> _slots = []; // by slot of the state
    private readonly RunningState _running;
    private readonly PrefixCache _prefixes;
    private readonly PromptReader _reader;

    public DecodeScheduler(ISequenceModel model, int embTokenId, DecodingEngineOptions options)
    {
        (_model, _embTokenId, _options) = (model, embTokenId, options);
        _running = new RunningState(model);
        _prefixes = new PrefixCache(Math.Min(options.MaxPrefixTokens, options.MaxCacheTokens), model);
        _reader = new PromptReader(model, _prefixes, options.MaxPrefillTokens);
    }

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
                _running.Release();
        }
        catch (Exception e)
        {
            FailAll(e);
        }
    }

    /// <summary>Ends all work with an error, and frees all states.</summary>
    public void FailAll(Exception error)
    {
        foreach (var sequence in _prompts.Concat(_waiting).Concat(_slots.Select(slot => slot.Sequence)))
            sequence.Fail(error);
        _prompts.Clear();
        _waiting.Clear();
        _slots.Clear();
        _running.Release();
        _prefixes.Clear();
    }

    private void PoolPrompts()
    {
        if (_prompts.Count == 0)
            return;
        // A state is of use to prompts to come only: without a cache there is none, and a prompt that it has no room for is read without.
        var withState = _prefixes.IsEnabled ? CountFitting(_prompts.Take(_options.MaxBatchSize)) : 0;
        var batch = _reader.Take(_prompts, _prefixes.IsEnabled ? Math.Max(1, withState) : _prompts.Count);
        try
        {
            var hidden = Host(withState > 0 ? ReadToKeep(batch) : _reader.Read(batch));
            for (var i = 0; i < batch.Count; i++)
                batch[i].Complete(Row(hidden, i).ToArray(), [], FinishReason.NotGenerated);
        }
        catch (Exception e)
        {
            foreach (var sequence in batch)
                sequence.Fail(e);
        }
    }

    /// <summary>How many of the first of some prompts have room in a state beside that of the rationales.</summary>
    private int CountFitting(IEnumerable<PendingSequence> prompts)
    {
        var (count, capacity) = (0, 0);
        foreach (var prompt in prompts)
        {
            capacity = Math.Max(capacity, prompt.PromptLength);
            if (_running.TokensOf(count + 1, capacity) > FreeTokens)
                break;
            count++;
        }
        return count;
    }

    /// <summary>Reads prompts without a rationale into a state of their own, for the cache to keep what it wants of it.</summary>
    private Tensor ReadToKeep(List<PendingSequence> batch)
    {
        var capacity = batch.Max(sequence => sequence.PromptLength);
        _prefixes.Fit(FreeTokens - _running.TokensOf(batch.Count, capacity));
        using var state = _model.CreateState(batch.Count, capacity);
        return _reader.Read(batch, state, first: 0);
    }

    private void BeginRationales()
    {
        var room = MakeRoom();
        _prefixes.Fit(FreeTokens);
        var batch = _reader.Take(_waiting, room);
        if (batch.Count == 0)
            return;
        try
        {
            var first = _slots.Count;
            var hidden = _reader.Read(batch, _running.State, first);
            _slots.AddRange(batch.Select(sequence => new DecodingSlot(sequence, _embTokenId)));
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

    /// <summary>Sizes the state for as many of the waiting rationales as may run beside the present ones, and says how many.</summary>
    private int MakeRoom()
    {
        var (slots, capacity) = (_slots.Count, _running.Capacity);
        foreach (var sequence in _waiting.Take(_options.MaxBatchSize - _slots.Count))
        {
            var needed = Math.Max(capacity, (sequence.Capacity + CapacityStep - 1) / CapacityStep * CapacityStep);
            if (slots > 0 && _running.TokensOf(slots + 1, needed) > _options.MaxCacheTokens)
                break;
            (slots, capacity) = (slots + 1, needed);
        }
        if (slots == _slots.Count || (slots <= _running.Slots && capacity == _running.Capacity))
            return slots - _slots.Count;

        // Doubling keeps the copies of a growing state few; a longer capacity may leave room for fewer slots than there were.
        var wanted = Math.Min(_options.MaxBatchSize, slots <= _running.Slots ? _running.Slots : Math.Max(slots, 2 * _running.Slots));
        wanted = (int)Math.Clamp(_options.MaxCacheTokens / _running.TokensOf(1, capacity), slots, wanted);
        _prefixes.Fit(_options.MaxCacheTokens - _running.TokensOf(wanted, capacity));
        _running.Resize(wanted, capacity, _slots.Count);
        return slots - _slots.Count;
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
        var hidden = _model.Step([.. _slots.Select(slot => slot.Next)], _running.State);
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
        var logits = _model.Logits(hidden);
        var isChosen = (_options.ChoosesOnDevice ?? logits.device_type != DeviceType.CPU) && LikeliestTokens.Take(slots);
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
                _running.Move(last, i);
            _slots[i] = _slots[last];
            _slots.RemoveAt(last);
        }
    }

    /// <summary>What the rationales leave of the cache, in tokens.</summary>
    private long FreeTokens => _options.MaxCacheTokens - _running.Tokens;

    private static Tensor Host(Tensor rows) => HostTransfers.Download(rows);

    /// <summary>One row of a float32 matrix on the CPU; valid while the tensor lives.</summary>
    private static Span<float> Row(Tensor matrix, int row)
    {
        var width = (int)matrix.shape[1];
        return MemoryMarshal.Cast<byte, float>(matrix.bytes).Slice(row * width, width);
    }
}
