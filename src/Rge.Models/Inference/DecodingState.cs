using Rge.Models.Layers;

namespace Rge.Models.Inference;

/// <summary>
/// What the decoder carries of several sequences from one pass to the next: keys and values of their tokens, or whatever else its layers
/// need. One slot a sequence, allocated once and written in place. Made by <see cref="QwenVlModel.CreateState"/>; owns its tensors. Not
/// thread-safe: one decoding loop uses it at a time.
/// </summary>
public sealed class DecodingState : IDisposable
{
    private readonly ILayerState[] _layers;
    private readonly int[] _lengths;
    private readonly int[] _nextPositions;

    /// <summary>Takes the layers' states over.</summary>
    internal DecodingState(ILayerState[] layers, int slots, int capacity)
    {
        (_layers, Slots, Capacity) = (layers, slots, capacity);
        _lengths = new int[slots];
        _nextPositions = new int[slots];
    }

    /// <summary>Sequences it can hold at once.</summary>
    public int Slots { get; }

    /// <summary>Tokens a slot can hold.</summary>
    public int Capacity { get; }

    /// <summary>By layer, what it carries; borrowed.</summary>
    internal IReadOnlyList<ILayerState> Layers => _layers;

    /// <summary>
    /// Whether the first tokens of a slot can be copied without the rest: true where every layer is attention, false where one is a
    /// recurrence, whose state is that after the last token.
    /// </summary>
    public bool CanBeCut => _layers.All(layer => layer.CanBeCut);

    /// <summary>Tokens now in a slot.</summary>
    public int Length(int slot) => _lengths[slot];

    /// <summary>Rotary position of the next token of a slot; smaller than <see cref="Length"/> where images share positions.</summary>
    public int NextPosition(int slot) => _nextPositions[slot];

    /// <summary>Empties a slot for another sequence.</summary>
    public void Reset(int slot) => (_lengths[slot], _nextPositions[slot]) = (0, 0);

    /// <summary>
    /// Replaces what a slot holds by what a slot of this or another state of the same model holds. The two continue on their own: so a
    /// sequence moves, or forks where it stands.
    /// </summary>
    /// <exception cref="ArgumentException">A slot does not exist, the tokens do not fit, or the states are of different models.</exception>
    public void CopyFrom(DecodingState source, int from, int to)
    {
        ArgumentNullException.ThrowIfNull(source);
        source.RequireRoom(from, 0);
        CopyFrom(source, from, to, source.Length(from), source.NextPosition(from));
    }

    /// <summary>
    /// Replaces what a slot holds by the first tokens that a slot of this or another state of the same model holds: so a sequence forks
    /// further in front than it stands.
    /// </summary>
    /// <param name="source">The state to copy from; it does not change unless it is this one.</param>
    /// <param name="from">The slot that is copied.</param>
    /// <param name="to">The slot that is replaced.</param>
    /// <param name="tokens">How many tokens are copied: all of them, unless the state <see cref="CanBeCut"/>.</param>
    /// <param name="nextPosition">Rotary position of the token that follows them.</param>
    /// <exception cref="ArgumentException">A slot does not exist, it does not hold as many tokens or cannot be cut, the tokens do not fit,
    /// or the states are of different models.</exception>
    public void CopyFrom(DecodingState source, int from, int to, int tokens, int nextPosition)
    {
        ArgumentNullException.ThrowIfNull(source);
        source.RequireRoom(from, 0);
        RequireRoom(to, 0);
        ArgumentOutOfRangeException.ThrowIfNegative(nextPosition);
        var length = source.Length(from);
        if (tokens < 0 || tokens > length)
            throw new ArgumentException($"Slot {from} holds {length} tokens, not the {tokens} to copy.", nameof(tokens));
        if (tokens < length && !CanBeCut)
            throw new ArgumentException(
                $"Slot {from} holds {length} tokens and cannot be cut to {tokens}: the model carries a recurrent state.",
                nameof(tokens)
            );
        if (tokens > Capacity)
            throw new ArgumentException(
                $"Slot {from} holds {tokens} tokens, but the slots of this state have room for {Capacity}.",
                nameof(from)
            );
        if (source._layers.Length != _layers.Length || _layers.Where((layer, i) => !layer.IsLike(source._layers[i])).Any())
            throw new ArgumentException("The states are of different models.", nameof(source));
        if (source != this || from != to)
            for (var i = 0; i < _layers.Length; i++)
                _layers[i].CopySlot(source._layers[i], from, to, tokens);
        (_lengths[to], _nextPositions[to]) = (tokens, nextPosition);
    }

    /// <summary>Checks that a slot has room for more tokens.</summary>
    /// <exception cref="ArgumentException">The slot does not exist or is too small.</exception>
    internal void RequireRoom(int slot, int tokens)
    {
        if ((uint)slot >= (uint)Slots)
            throw new ArgumentException($"Slot {slot} does not exist; there are {Slots}.", nameof(slot));
        if (_lengths[slot] + tokens > Capacity)
            throw new ArgumentException(
                $"Slot {slot} holds {_lengths[slot]} of {Capacity} tokens; {tokens} more do not fit.",
                nameof(tokens)
            );
    }

    /// <summary>Records that slots have grown by a batch, after every layer has been run on it.</summary>
    internal void Advance(PackedBatch batch)
    {
        for (var i = 0; i < batch.Runs.Count; i++)
        {
            var run = batch.Runs[i];
            Advance(run.Slot, run.Length, batch.NextPositions[i]);
        }
    }

    /// <summary>Records that a slot has grown by some tokens.</summary>
    internal void Advance(int slot, int tokens, int nextPosition)
    {
        _lengths[slot] += tokens;
        _nextPositions[slot] = nextPosition;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in _layers)
            layer.Dispose();
    }
}
