namespace Rge.Decoding;

/// <summary>What a model carries of sequences from one pass to the next, in slots that are numbered from 0. Owns its memory.</summary>
internal interface ISequenceState : IDisposable
{
    /// <summary>Empties a slot.</summary>
    void Reset(int slot);

    /// <summary>Replaces what a slot holds by what a slot of this or another state of the same model holds.</summary>
    void CopyFrom(ISequenceState source, int from, int to);

    /// <summary>Begins a slot with the first tokens of a prompt.</summary>
    /// <param name="source">A state of the same model whose first slot begins with them.</param>
    /// <param name="to">The slot.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="tokens">How many tokens: all of the slot where the model's states cannot be cut.</param>
    void Begin(ISequenceState source, int to, PromptContent prompt, int tokens);
}
