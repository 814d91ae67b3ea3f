using Rge.Models.Configuration;
using Rge.Models.Kernels;
using static TorchSharp.torch;

namespace Rge.Models.Inference;

/// <summary>
/// Keys and values of the tokens that several sequences have passed through the decoder: one slot a sequence, allocated once and written in
/// place. Made by <see cref="QwenVlModel.CreateCache"/>; owns its tensors. Not thread-safe: one decoding loop uses it at a time.
/// </summary>
public sealed class KvCache : IDisposable
{
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;
    private readonly int[] _lengths;
    private readonly int[] _nextPositions;

    internal KvCache(TextConfig config, int slots, int capacity, ScalarType dtype, Device device)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Slots = slots;
        Capacity = capacity;
        _lengths = new int[slots];
        _nextPositions = new int[slots];
        _keys = Allocate();
        _values = Allocate();

        Tensor[] Allocate()
        {
            var layers = new Tensor[config.NumHiddenLayers];
            for (var i = 0; i < layers.Length; i++)
                layers[i] = zeros([slots, config.NumKeyValueHeads, capacity, config.HeadDim], dtype, device).DetachFromDisposeScope();
            return layers;
        }
    }

    /// <summary>Sequences it can hold at once.</summary>
    public int Slots { get; }

    /// <summary>Tokens a slot can hold.</summary>
    public int Capacity { get; }

    /// <summary>Tokens now in a slot.</summary>
    public int Length(int slot) => _lengths[slot];

    /// <summary>Rotary position of the next token of a slot; smaller than <see cref="Length"/> where images share positions.</summary>
    public int NextPosition(int slot) => _nextPositions[slot];

    /// <summary>Empties a slot for another sequence.</summary>
    public void Reset(int slot) => (_lengths[slot], _nextPositions[slot]) = (0, 0);

    /// <summary>Replaces what a slot holds by what a slot of this or another cache of the same model holds.</summary>
    /// <exception cref="ArgumentException">A slot does not exist, the tokens do not fit, or the caches are of different models.</exception>
    public void CopyFrom(KvCache source, int from, int to)
    {
        ArgumentNullException.ThrowIfNull(source);
        source.RequireRoom(from, 0);
        if (source == this && from == to) return;
        RequireRoom(to, 0);
        var length = source.Length(from);
        if (length > Capacity) throw new ArgumentException($"Slot {from} holds {length} tokens, but the slots of this cache have room for {Capacity}.", nameof(from));
        if (source._keys.Length != _keys.Length || source._keys[0].shape[1] != _keys[0].shape[1] || source._keys[0].shape[3] != _keys[0].shape[3])
            throw new ArgumentException("The caches are of different models.", nameof(source));
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        for (var layer = 0; layer < _keys.Length; layer++)
        {
            _keys[layer][to].narrow(1, 0, length).copy_(source._keys[layer][from].narrow(1, 0, length));
            _values[layer][to].narrow(1, 0, length).copy_(source._values[layer][from].narrow(1, 0, length));
        }
        (_lengths[to], _nextPositions[to]) = (length, source.NextPosition(from));
    }

    /// <summary>Keys of a layer, <c>[slots, kvHeads, capacity, headDim]</c>; borrowed.</summary>
    internal Tensor Keys(int layer) => _keys[layer];

    /// <summary>Values of a layer, <c>[slots, kvHeads, capacity, headDim]</c>; borrowed.</summary>
    internal Tensor Values(int layer) => _values[layer];

    /// <summary>Checks that a slot has room for more tokens.</summary>
    /// <exception cref="ArgumentException">The slot does not exist or is too small.</exception>
    internal void RequireRoom(int slot, int tokens)
    {
        if ((uint)slot >= (uint)Slots) throw new ArgumentException($"Slot {slot} does not exist; the cache has {Slots}.", nameof(slot));
        if (_lengths[slot] + tokens > Capacity)
            throw new ArgumentException($"Slot {slot} holds {_lengths[slot]} of {Capacity} tokens; {tokens} more do not fit.", nameof(tokens));
    }

    /// <summary>Records that a slot has grown, after every layer was written.</summary>
    internal void Advance(int slot, int tokens, int nextPosition)
    {
        _lengths[slot] += tokens;
        _nextPositions[slot] = nextPosition;
    }

    /// <summary>Writes the new tokens' keys and values <c>[N, kvHeads, headDim]</c> of one layer to their places.</summary>
    internal void Write(int layer, SpanSet spans, Tensor keys, Tensor values)
    {
        if (spans.AreSteps && CpuKernels.SupportsCache(_keys[layer], _values[layer]))
        {
            CpuKernels.WriteStep(keys, values, _keys[layer], _values[layer], spans.SlotNumbers, spans.Lengths);
            return;
        }
        if (spans.AreSteps)
        {
            TensorIndex slots = TensorIndex.Tensor(spans.Slots!), places = TensorIndex.Tensor(spans.Pasts!);
            using Tensor keyView = _keys[layer].transpose(1, 2), valueView = _values[layer].transpose(1, 2);
            keyView.index_put_(keys, slots, places);
            valueView.index_put_(values, slots, places);
            return;
        }
        foreach (var span in spans.Spans)
        {
            Copy(_keys[layer], keys, span);
            Copy(_values[layer], values, span);
        }

        static void Copy(Tensor cache, Tensor tokens, SequenceSpan span)
        {
            using var place = cache[span.Slot].narrow(1, span.Past, span.Length);
            place.copy_(tokens.narrow(0, span.Start, span.Length).transpose(0, 1));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _keys) tensor.Dispose();
        foreach (var tensor in _values) tensor.Dispose();
    }
}
