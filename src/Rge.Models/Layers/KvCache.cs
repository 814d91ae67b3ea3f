using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Keys and values of an attention layer: room for the longest sequence in every slot, allocated once, written in place.</summary>
internal sealed class KvCache : ILayerState
{
    /// <param name="slots">Sequences it can hold.</param>
    /// <param name="keyValueHeads">Key and value heads.</param>
    /// <param name="capacity">Tokens of each sequence.</param>
    /// <param name="headDim">Width of a head.</param>
    /// <param name="dtype">Number type of keys and values.</param>
    /// <param name="device">Where they lie.</param>
    public KvCache(int slots, int keyValueHeads, int capacity, int headDim, ScalarType dtype, Device device)
    {
        // Detached only when both are there: if there is no memory for the second, the first is freed.
        using var scope = NewDisposeScope();
        (Keys, Values) = (Allocate(), Allocate());
        Keys.DetachFromDisposeScope();
        Values.DetachFromDisposeScope();

        Tensor Allocate() => zeros([slots, keyValueHeads, capacity, headDim], dtype, device);
    }

    /// <summary>What the keys and values of one token take.</summary>
    public static long BytesOfToken(int keyValueHeads, int headDim, long elementSize) => 2L * keyValueHeads * headDim * elementSize;

    /// <summary>Keys <c>[slots, kvHeads, capacity, headDim]</c>; borrowed.</summary>
    public Tensor Keys { get; }

    /// <summary>Values <c>[slots, kvHeads, capacity, headDim]</c>; borrowed.</summary>
    public Tensor Values { get; }

    public bool CanBeCut => true;

    public bool IsLike(ILayerState other) =>
        other is KvCache cache && cache.Keys.shape[1] == Keys.shape[1] && cache.Keys.shape[3] == Keys.shape[3];

    public void CopySlot(ILayerState source, int from, int to, int tokens)
    {
        var cache = (KvCache)source;
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        Keys[to].narrow(1, 0, tokens).copy_(cache.Keys[from].narrow(1, 0, tokens));
        Values[to].narrow(1, 0, tokens).copy_(cache.Values[from].narrow(1, 0, tokens));
    }

    public void Dispose()
    {
        Keys.Dispose();
        Values.Dispose();
    }
}
