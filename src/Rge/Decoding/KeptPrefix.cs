using static TorchSharp.torch;

namespace Rge.Decoding;

/// <summary>The state after the first tokens of a prompt that has been read. Owns the state and the hidden state.</summary>
/// <param name="prompt">The prompt.</param>
/// <param name="length">How many of its tokens the state has read.</param>
/// <param name="state">The state, in its first slot; ownership is taken.</param>
/// <param name="hidden">The hidden state <c>[1, hidden]</c> at the last of them, outside of any dispose scope; ownership is taken.</param>
internal sealed class KeptPrefix(PromptContent prompt, int length, ISequenceState state, Tensor hidden) : IDisposable
{
    /// <summary>Tokens that the state has read.</summary>
    public int Length => length;

    /// <summary>The state, in its first slot; borrowed.</summary>
    public ISequenceState State => state;

    /// <summary>The hidden state <c>[1, hidden]</c> at the last of the tokens; borrowed.</summary>
    public Tensor Hidden => hidden;

    /// <summary>How many tokens of the state another prompt begins with.</summary>
    public int CommonLength(PromptContent other) => Math.Min(length, prompt.CommonLength(other));

    /// <summary>Frees the state.</summary>
    public void Dispose()
    {
        state.Dispose();
        hidden.Dispose();
    }
}
