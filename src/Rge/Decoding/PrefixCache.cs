using static TorchSharp.torch;

namespace Rge.Decoding;

/// <summary>
/// Keeps states of prompts that have been read, within a bound of tokens: a prompt that begins like one of them is read from there on. The
/// least recently used is evicted first. Not thread-safe.
/// </summary>
/// <remarks>
/// A state can serve what has as little as its first tokens in common with it where it can be cut; a recurrent one serves only what begins
/// with all of its tokens. Beginnings that overlap are kept each for itself, and count so.
/// </remarks>
internal sealed class PrefixCache
{
    /// <summary>A shorter beginning is not used: to look after it costs more than to read it.</summary>
    public const int ShortestPrefix = 8;

    private readonly long _bound;
    private readonly ISequenceModel _model;
    private readonly List<KeptPrefix> _kept = []; // the least recently used first
    private long _room;

    /// <param name="bound">Tokens that are kept at most; 0 keeps nothing.</param>
    /// <param name="model">Says what a state takes, and whether it can be cut.</param>
    public PrefixCache(long bound, ISequenceModel model) => (_bound, _room, _model) = (bound, bound, model);

    /// <summary>Whether anything may be kept.</summary>
    public bool IsEnabled => _bound > 0;

    /// <summary>What the states take, in tokens: each its own, and what it takes beside them.</summary>
    public long Tokens => _kept.Sum(CostOf);

    /// <summary>
    /// The kept state that a prompt shares most tokens with, and how many of them it can be read on from; null for none.
    /// </summary>
    public (KeptPrefix Prefix, int Tokens)? Find(PromptContent prompt)
    {
        (KeptPrefix Prefix, int Tokens)? best = null;
        foreach (var kept in _kept)
        {
            var tokens = Usable(kept.CommonLength(prompt), kept.Length, prompt);
            if (tokens >= ShortestPrefix && tokens > (best?.Tokens ?? 0))
                best = (kept, tokens);
        }
        return best;
    }

    /// <summary>Takes note that a state is used.</summary>
    public void Touch(KeptPrefix kept)
    {
        _kept.Remove(kept);
        _kept.Add(kept);
    }

    /// <summary>How many tokens of a prompt could be spared once another one has been read and kept.</summary>
    public int Promised(PromptContent first, PromptContent prompt)
    {
        var common = first.CommonLength(prompt);
        var kept = Cuts(first).Where(cut => cut + _model.SlotTokens <= _room);
        return kept.Select(cut => Usable(Math.Min(common, cut), cut, prompt)).Append(0).Max();
    }

    /// <summary>Where states of a prompt are kept: at its end, and a recurrent one at the end of its last image, too.</summary>
    public IEnumerable<int> Cuts(PromptContent prompt) =>
        _model.CanCutStates || prompt.ImagesEnd == 0 ? [prompt.Length] : [prompt.ImagesEnd, prompt.Length];

    /// <summary>Keeps the state after the first tokens of a prompt, unless there is no room for it or what is kept serves as well.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="length">How many of its tokens have been read.</param>
    /// <param name="copy">Makes the states that are kept, as <see cref="KeptPrefix"/> has them; called where they are.</param>
    public void Keep(PromptContent prompt, int length, Func<(ISequenceState State, Tensor Hidden)> copy)
    {
        if (length < ShortestPrefix || length + _model.SlotTokens > _room)
            return;
        if (_kept.Find(kept => kept.CommonLength(prompt) >= length && (_model.CanCutStates || kept.Length == length)) is { } same)
        {
            Touch(same);
            return;
        }
        if (_model.CanCutStates)
            Evict(kept => kept.CommonLength(prompt) == kept.Length);
        Shrink(_room - length - _model.SlotTokens);
        var (state, hidden) = copy();
        _kept.Add(new KeptPrefix(prompt, length, state, hidden));
    }

    /// <summary>Says how many tokens other states leave; evicts what exceeds them.</summary>
    public void Fit(long room)
    {
        _room = Math.Clamp(room, 0, _bound);
        Shrink(_room);
    }

    /// <summary>Frees all states.</summary>
    public void Clear() => Evict(_ => true);

    /// <summary>
    /// How much of what a state and a prompt have in common the prompt can be read on from: all of it where they are the same, else not its
    /// last token, whose hidden state is wanted.
    /// </summary>
    private int Usable(int common, int length, PromptContent prompt)
    {
        if (common == length && common == prompt.Length)
            return common;
        var tokens = prompt.CutAt(Math.Min(common, prompt.Length - 1));
        return _model.CanCutStates || tokens == length ? tokens : 0;
    }

    private void Shrink(long room)
    {
        while (_kept.Count > 0 && Tokens > room)
        {
            _kept[0].Dispose();
            _kept.RemoveAt(0);
        }
    }

    private void Evict(Predicate<KeptPrefix> isEvicted) =>
        _kept.RemoveAll(kept =>
        {
            if (!isEvicted(kept))
                return false;
            kept.Dispose();
            return true;
        });

    private long CostOf(KeptPrefix kept) => kept.Length + _model.SlotTokens;
}
