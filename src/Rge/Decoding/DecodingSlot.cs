namespace Rge.Decoding;

/// <summary>A rationale being written, in a slot of the batch: the tokens so far and the one that is fed next.</summary>
internal sealed class DecodingSlot(PendingSequence sequence, int embTokenId)
{
    private readonly GenerationOptions _options = sequence.Request.Generation!;
    private readonly TokenSampler _sampler = new(sequence.Request.Generation!, sequence.Request.PromptIds);
    private readonly List<int> _tokens = [];

    public PendingSequence Sequence { get; } = sequence;

    /// <summary>The token that the next step feeds.</summary>
    public int Next { get; private set; }

    /// <summary>True where the hidden state of the next step is the embedding's.</summary>
    public bool NextIsPooled { get; private set; }

    /// <summary>True where the step after <see cref="Next"/> feeds an appended end token instead of a chosen one.</summary>
    public bool IsAtLengthLimit => _tokens.Count == _options.MaxRationaleTokens;

    /// <summary>Chooses the token that follows; logits are overwritten.</summary>
    public void Choose(Span<float> logits)
    {
        Next = _sampler.Next(logits);
        _tokens.Add(Next);
        NextIsPooled = Next == embTokenId || (IsAtLengthLimit && _options.OnLengthLimit == LengthAction.PoolLastToken);
        Sequence.Request.OnToken?.Invoke(Next);
    }

    /// <summary>Ends a rationale at its length limit with the end token it lacks.</summary>
    public void AppendEmb() => (Next, NextIsPooled) = (embTokenId, true);

    /// <summary>Completes the request with its result.</summary>
    public void Complete(float[] hidden) =>
        Sequence.Complete(hidden, [.. _tokens], _tokens[^1] == embTokenId ? FinishReason.Emb : FinishReason.Length);
}
