namespace Rge.Decoding;

/// <summary>The state after the first tokens of a prompt that has been read. Owns the state.</summary>
/// <param name="prompt">The prompt.</param>
/// <param name="length">How many of its tokens the state has read.</param>
/// <param name="state">The state, in its first slot; ownership is taken.</param>
internal sealed class KeptPrefix(PromptContent prompt, int length, ISequenceState state) : IDisposable
{
    /// <summary>Tokens that the state has read.</summary>
    public int Length => length;

    /// <summary>The state, in its first slot; borrowed.</summary>
    public ISequenceState State => state;

    /// <summary>How many tokens of the state another prompt begins with.</summary>
    public int CommonLength(PromptContent other) => Math.Min(length, prompt.CommonLength(other));

    /// <summary>Frees the state.</summary>
    public void Dispose() => state.Dispose();
}
