namespace Rge.Models.Layers;

/// <summary>
/// What one layer of the decoder carries of several sequences from one pass to the next: a slot a sequence. Made by the layer's
/// <see cref="ITokenMixer"/>, which alone knows its kind: keys and values of every token (<see cref="KvCache"/>), or a recurrence's state
/// of constant size.
/// </summary>
/// <remarks>
/// How many tokens a slot holds is known by <see cref="TokenRun.Past"/>, not here: a run without a past starts from nothing, whatever its
/// slot has held before. Copying a whole slot is all that batching asks for: a sequence moves to another slot or a larger state, or forks
/// into several that continue on their own. Keys and values can be cut back to fewer tokens as well; a recurrence has no state but that
/// after its last one. Owns its tensors.
/// </remarks>
internal interface ILayerState : IDisposable
{
    /// <summary>Whether <see cref="CopySlot"/> can leave out the last tokens of a sequence.</summary>
    bool CanBeCut { get; }

    /// <summary>Whether slots can be copied from the other state: it is of the same kind and sizes but for slots and capacity.</summary>
    bool IsLike(ILayerState other);

    /// <summary>Replaces what a slot holds by what a slot of this or another state like this one holds.</summary>
    /// <param name="source">A state that <see cref="IsLike"/> accepts.</param>
    /// <param name="from">The slot that is copied.</param>
    /// <param name="to">The slot that is replaced; another one where the source is this state.</param>
    /// <param name="tokens">
    /// Tokens that are copied; they fit. All that the sequence has passed through the layer, unless <see cref="CanBeCut"/>.
    /// </param>
    void CopySlot(ILayerState source, int from, int to, int tokens);
}
