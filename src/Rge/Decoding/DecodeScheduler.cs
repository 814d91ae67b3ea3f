using System.Runtime.InteropServices;
using Rge.Models.Inputs;
using static TorchSharp.torch;

namespace Rge.Decoding;

/// <summary>
/// Continuous batching: rationales at different points of their way share each step; one that has ended leaves at once and one that waits
/// takes its place. Prompts without a rationale are read in batches in between. Single-threaded; <see cref="RationaleDecoder"/> gives it a
/// thread of its own.
/// </summary>
/// <remarks>Running rows always are rows 0, 1, 2 … of the cache, so that a step reads the cache in place.</remarks>
internal sealed class DecodeScheduler(ISequenceModel model, int embTokenId, RationaleDecoderOptions options)
{
    /// <summary>Cache capacity is a multiple of this, so that requests of about the same length do not each resize it.</summary>
    private const int CapacityStep = 64;

    private readonly List<PendingSequence> _prompts = [];
    private readonly List<PendingSequence> _waiting = [];
    private readonly List<RationaleRow> _rows = []; // by cache row
    private int _cacheRows;
    private int _cacheCapacity;

    /// <summary>True where there is nothing to do.</summary>
    public bool IsIdle => _prompts.Count == 0 && _waiting.Count == 0 && _rows.Count == 0;

    /// <summary>Takes a request; those that came first are begun first.</summary>
    public void Enqueue(PendingSequence sequence) => (sequence.Request.Generation is null ? _prompts : _waiting).Add(sequence);

    /// <summary>Does a slice of the work: a batch of prompts to pool, new rationales for the free rows, one step of all rows.</summary>
    /// <remarks>Never throws: an error ends the requests it concerns.</remarks>
    public void Advance()
    {
        // One scope a slice: whatever it makes dies with it. No graph either, whatever is being trained.
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        try
        {
            foreach (var sequence in _prompts.Concat(_waiting).Concat(_rows.Select(row => row.Sequence))) sequence.EndIfCancelled();
            _prompts.RemoveAll(sequence => sequence.HasEnded);
            _waiting.RemoveAll(sequence => sequence.HasEnded);
            RemoveEndedRows();
            PoolPrompts();
            BeginRationales();
            Step();
            if (_rows.Count == 0 && _waiting.Count == 0) ReleaseCache();
        }
        catch (Exception e)
        {
            FailAll(e);
        }
    }

    /// <summary>Ends all work with an error.</summary>
    public void FailAll(Exception error)
    {
        foreach (var sequence in _prompts.Concat(_waiting).Concat(_rows.Select(row => row.Sequence))) sequence.Fail(error);
        _prompts.Clear();
        _waiting.Clear();
        _rows.Clear();
        ReleaseCache();
    }

    private void PoolPrompts()
    {
        var batch = Take(_prompts, _prompts.Count);
        if (batch.Count == 0) return;
        try
        {
            var hidden = Host(Read(batch, model.Encode));
            for (var i = 0; i < batch.Count; i++) batch[i].Complete(Row(hidden, i).ToArray(), [], RationaleEnd.NotGenerated);
        }
        catch (Exception e)
        {
            foreach (var sequence in batch) sequence.Fail(e);
        }
    }

    private void BeginRationales()
    {
        var batch = Take(_waiting, MakeRoom());
        if (batch.Count == 0) return;
        try
        {
            var first = _rows.Count;
            var hidden = Read(batch, inputs => model.Prefill(inputs, [.. Enumerable.Range(first, batch.Count)]));
            _rows.AddRange(batch.Select(sequence => new RationaleRow(sequence, embTokenId)));
            Choose(hidden, _rows[first..]);
        }
        catch (Exception e)
        {
            foreach (var sequence in batch) sequence.Fail(e);
        }
        RemoveEndedRows();
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

    /// <summary>Sizes the cache for as many of the waiting rationales as may run beside the present ones, and says how many.</summary>
    private int MakeRoom()
    {
        var (rows, capacity) = (_rows.Count, _cacheCapacity);
        foreach (var sequence in _waiting.Take(options.MaxRows - _rows.Count))
        {
            var needed = Math.Max(capacity, (sequence.Capacity + CapacityStep - 1) / CapacityStep * CapacityStep);
            if (rows > 0 && (long)(rows + 1) * needed > options.MaxCacheTokens) break;
            (rows, capacity) = (rows + 1, needed);
        }
        if (rows == _rows.Count || (rows <= _cacheRows && capacity == _cacheCapacity)) return rows - _rows.Count;

        // Doubling keeps the copies of a growing cache few; a longer capacity may leave room for fewer rows than there were.
        var wanted = Math.Min(options.MaxRows, rows <= _cacheRows ? _cacheRows : Math.Max(rows, 2 * _cacheRows));
        (_cacheRows, _cacheCapacity) = ((int)Math.Clamp(options.MaxCacheTokens / capacity, rows, wanted), capacity);
        model.ResizeCache(_cacheRows, _cacheCapacity, _rows.Count);
        return rows - _rows.Count;
    }

    /// <summary>Shows a batch's new images to the vision tower and its prompts to the decoder.</summary>
    private Tensor Read(List<PendingSequence> batch, Func<IReadOnlyList<ModelInput>, Tensor> decoder)
    {
        foreach (var sequence in batch) sequence.PrefillBegins();
        SharedImage.Encode(batch.SelectMany(sequence => sequence.Images), model.EncodeImages);
        var hidden = decoder([.. batch.Select(sequence => sequence.Input)]);
        foreach (var sequence in batch) sequence.PrefillEnded();
        return hidden;
    }

    private void Step()
    {
        if (_rows.Count == 0) return;
        try
        {
            StepRows();
        }
        catch (Exception e)
        {
            foreach (var row in _rows) row.Sequence.Fail(e);
        }
        RemoveEndedRows();
    }

    private void StepRows()
    {
        var hidden = model.Step([.. _rows.Select(row => row.Next)]);
        var host = Host(hidden);
        var open = new List<int>();
        for (var i = 0; i < _rows.Count; i++)
        {
            if (_rows[i].NextIsPooled) _rows[i].Complete(Row(host, i).ToArray());
            else if (_rows[i].BudgetSpent) _rows[i].AppendEmb();
            else open.Add(i);
        }
        if (open.Count == 0) return;
        if (open.Count < _rows.Count) hidden = hidden.index_select(0, tensor(open.Select(i => (long)i).ToArray(), device: hidden.device));
        Choose(hidden, [.. open.Select(i => _rows[i])]);
    }

    /// <summary>Chooses the next token of rows from their hidden states; what goes wrong with one ends that one.</summary>
    private void Choose(Tensor hidden, IReadOnlyList<RationaleRow> rows)
    {
        var logits = Host(model.Logits(hidden));
        for (var i = 0; i < rows.Count; i++)
        {
            try
            {
                rows[i].Choose(Row(logits, i));
            }
            catch (Exception e)
            {
                rows[i].Sequence.Fail(e);
            }
        }
    }

    /// <summary>Takes out the rows that have ended; the last row moves to the place of each.</summary>
    private void RemoveEndedRows()
    {
        for (var i = _rows.Count - 1; i >= 0; i--)
        {
            if (!_rows[i].Sequence.HasEnded) continue;
            var last = _rows.Count - 1;
            if (i != last) model.MoveRow(last, i);
            _rows[i] = _rows[last];
            _rows.RemoveAt(last);
        }
    }

    private void ReleaseCache()
    {
        model.ReleaseCache();
        (_cacheRows, _cacheCapacity) = (0, 0);
    }

    private static Tensor Host(Tensor rows) => rows.to(ScalarType.Float32).cpu().contiguous();

    /// <summary>One row of a float32 matrix on the CPU; valid while the tensor lives.</summary>
    private static Span<float> Row(Tensor matrix, int row)
    {
        var width = (int)matrix.shape[1];
        return MemoryMarshal.Cast<byte, float>(matrix.bytes).Slice(row * width, width);
    }
}
