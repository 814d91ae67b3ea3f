namespace Rge.Decoding;

/// <summary>
/// The state of the sequences that run, in its slots 0, 1, 2 …: it grows with their number and length, and exists only while there are any.
/// </summary>
/// <param name="model">Makes states.</param>
internal sealed class RunningState(ISequenceModel model)
{
    private ISequenceState? _state;

    /// <summary>Sequences it holds at once.</summary>
    public int Slots { get; private set; }

    /// <summary>Tokens of each.</summary>
    public int Capacity { get; private set; }

    /// <summary>What it takes, in tokens.</summary>
    public long Tokens => TokensOf(Slots, Capacity);

    /// <summary>The state; borrowed until it is resized or released.</summary>
    public ISequenceState State => _state ?? throw new InvalidOperationException("The state has no room yet.");

    /// <summary>What a state of some size takes, in tokens.</summary>
    public long TokensOf(int slots, int capacity) => slots * (capacity + model.SlotTokens);

    /// <summary>Makes the state this large, keeping its first slots.</summary>
    /// <param name="slots">Sequences it holds at once.</param>
    /// <param name="capacity">Tokens of each.</param>
    /// <param name="keep">How many slots are in use, and kept.</param>
    public void Resize(int slots, int capacity, int keep)
    {
        var larger = model.CreateState(slots, capacity);
        try
        {
            for (var slot = 0; slot < keep; slot++)
                larger.CopyFrom(State, slot, slot);
        }
        catch
        {
            larger.Dispose();
            throw;
        }
        Release();
        (_state, Slots, Capacity) = (larger, slots, capacity);
    }

    /// <summary>Moves a sequence to a slot that is no longer in use.</summary>
    public void Move(int from, int to) => State.CopyFrom(State, from, to);

    /// <summary>Frees the state.</summary>
    public void Release()
    {
        _state?.Dispose();
        (_state, Slots, Capacity) = (null, 0, 0);
    }
}
