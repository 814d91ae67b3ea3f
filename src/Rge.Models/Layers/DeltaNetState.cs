using Rge.Models.Configuration;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// What a gated delta net carries of each sequence: the last inputs of its convolution and its memory, both float32 and of the same size
/// however long the sequence is.
/// </summary>
internal sealed class DeltaNetState : ILayerState
{
    /// <param name="slots">Sequences it can hold.</param>
    /// <param name="config">Shape of the layer.</param>
    /// <param name="device">Where it lies.</param>
    public DeltaNetState(int slots, DeltaNetConfig config, Device device)
    {
        // Detached only when both are there: if there is no memory for the second, the first is freed.
        using var scope = NewDisposeScope();
        Columns = Allocate(slots, config.ConvKernelDim - 1, config.Channels);
        Memory = Allocate(slots, config.NumValueHeads, config.KeyHeadDim, config.ValueHeadDim);
        Columns.DetachFromDisposeScope();
        Memory.DetachFromDisposeScope();

        Tensor Allocate(params long[] shape) => zeros(shape, ScalarType.Float32, device);
    }

    /// <summary>What a slot takes.</summary>
    public static long BytesOfSlot(DeltaNetConfig config) =>
        ((config.ConvKernelDim - 1L) * config.Channels + (long)config.NumValueHeads * config.KeyHeadDim * config.ValueHeadDim)
        * sizeof(float);

    /// <summary>Last inputs of the convolution, oldest first, <c>[slots, taps − 1, channels]</c>; borrowed.</summary>
    public Tensor Columns { get; }

    /// <summary>The recurrent state, <c>[slots, valueHeads, keyDim, valueDim]</c>; borrowed.</summary>
    public Tensor Memory { get; }

    /// <summary>Empties the slots of runs that start from nothing.</summary>
    public void Begin(IEnumerable<TokenRun> runs)
    {
        long[] slots = [.. runs.Where(run => run.Past == 0).Select(run => (long)run.Slot)];
        foreach (var (first, count) in Ranges(slots))
        foreach (var held in (Tensor[])[Columns, Memory])
        {
            using var range = held.narrow(0, slots[first], count);
            range.zero_();
        }
    }

    /// <summary>Keeps the memories after the chunks that end a run.</summary>
    /// <param name="level">The chunks.</param>
    /// <param name="runs">The runs of the pass.</param>
    /// <param name="memory">The memories after the chunks of the level.</param>
    public void Keep(RunChunks.Level level, IReadOnlyList<TokenRun> runs, Tensor memory)
    {
        if (level.Ends.Length == 0)
            return;
        using var ends = HostTransfers.Upload(level.Ends, Memory.device);
        using var rows = memory.index_select(0, ends);
        Write(Memory, [.. level.EndedRuns.Select(run => (long)runs[run].Slot)], rows);
    }

    /// <summary>A copy of what some slots hold.</summary>
    public static Tensor Read(Tensor held, long[] slots)
    {
        // By ranges rather than by an index, which would have to be brought to the device for every layer and step.
        using var scope = NewDisposeScope();
        Tensor[] ranges = [.. Ranges(slots).Select(range => held.narrow(0, slots[range.First], range.Count))];
        return (ranges.Length == 1 ? ranges[0].clone() : cat(ranges, 0)).MoveToOuterDisposeScope();
    }

    /// <summary>Replaces what some slots hold.</summary>
    public static void Write(Tensor held, long[] slots, Tensor rows)
    {
        using var scope = NewDisposeScope();
        foreach (var (first, count) in Ranges(slots))
            held.narrow(0, slots[first], count).copy_(rows.narrow(0, first, count));
    }

    /// <summary>Cuts slots into ranges that follow each other: where each begins in the list, and how long it is.</summary>
    public static IEnumerable<(int First, int Count)> Ranges(long[] slots)
    {
        for (int first = 0, end; first < slots.Length; first = end)
        {
            end = first + 1;
            while (end < slots.Length && slots[end] == slots[end - 1] + 1)
                end++;
            yield return (first, end - first);
        }
    }

    public bool CanBeCut => false;

    public bool IsLike(ILayerState other) =>
        other is DeltaNetState state
        && state.Columns.shape.AsSpan(1).SequenceEqual(Columns.shape.AsSpan(1))
        && state.Memory.shape.AsSpan(1).SequenceEqual(Memory.shape.AsSpan(1));

    public void CopySlot(ILayerState source, int from, int to, int tokens)
    {
        var state = (DeltaNetState)source;
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        Columns[to].copy_(state.Columns[from]);
        Memory[to].copy_(state.Memory[from]);
    }

    public void Dispose()
    {
        Columns.Dispose();
        Memory.Dispose();
    }
}
