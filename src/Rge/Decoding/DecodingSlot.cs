namespace Rge.Decoding;

/// <summary>A rationale being written, in a slot of the batch: the tokens so far and the one that is fed next.</summary>
/// <remarks>
/// The pooled token ends it. Where the request names tokens that end the turn, these do, and the states of the pooled tokens on the way are
/// kept: the last one counts, and without any the state of the last pass, from which the last token was chosen. Where the pooled token
/// itself is one of them, it is always that state; at the length limit the last token is read.
/// </remarks>
internal sealed class DecodingSlot(PendingSequence sequence, int embTokenId)
{
    private readonly GenerationOptions _options = sequence.Request.Generation!;
    private readonly TokenSampler _sampler = new(sequence.Request.Generation!, sequence.Request.PromptIds);
    private readonly IReadOnlyCollection<int> _endOfTurn = sequence.Request.EndOfTurn;
    private readonly bool _poolsBefore = sequence.Request.EndOfTurn.Contains(embTokenId);
    private readonly List<int> _tokens = [];
    private readonly List<float> _logProbabilities = []; // of sampled tokens
    private float[] _lastPass = [];
    private float[]? _atPooled;

    public PendingSequence Sequence { get; } = sequence;

    /// <summary>The token that the next step feeds.</summary>
    public int Next { get; private set; }

    /// <summary>True where the hidden state of the next step is the embedding's.</summary>
    public bool NextIsPooled { get; private set; }

    /// <summary>True where the step after <see cref="Next"/> feeds an appended end token instead of a chosen one.</summary>
    public bool IsAtLengthLimit => _tokens.Count == _options.MaxRationaleTokens;

    /// <summary>True where <see cref="Observe"/> is to see the hidden state of every step.</summary>
    public bool EndsWithTurn => _endOfTurn.Count > 0;

    /// <summary>
    /// True where the token that follows is the one of the largest logit that is not banned, which <see cref="Take"/> is told.
    /// </summary>
    public bool TakesLikeliest => _options is { IsGreedy: true, RepetitionPenalty: 1 } && !IsAtGate;

    /// <summary>Tokens that are never chosen.</summary>
    public IReadOnlyCollection<int> BannedTokens => _options.BannedTokens;

    /// <summary>Takes note of the hidden state at <see cref="Next"/>, or at the end of the prompt.</summary>
    public void Observe(ReadOnlySpan<float> hidden)
    {
        _lastPass = hidden.ToArray();
        if (_tokens.Count > 0 && Next == embTokenId)
            _atPooled = _lastPass;
    }

    /// <summary>Chooses the token that follows; logits are overwritten. Ends the rationale where the token ends the turn.</summary>
    public void Choose(Span<float> logits)
    {
        var isDirect = IsAtGate && IsDirect(logits);
        var token = isDirect ? embTokenId : _sampler.Next(logits);
        if (!_options.IsGreedy)
            _logProbabilities.Add(isDirect ? 0 : _sampler.LogProbability);
        Follow(token);
    }

    /// <summary>Takes the likeliest token, which was found elsewhere; otherwise as <see cref="Choose"/>.</summary>
    /// <param name="token">The token.</param>
    /// <param name="logit">Its logit.</param>
    public void Take(int token, float logit)
    {
        TokenSampler.RequireFinite(token, logit);
        Follow(token);
    }

    /// <summary>True where the next token is the first, and the probability of the pooled one decides.</summary>
    private bool IsAtGate => _tokens.Count == 0 && Sequence.Request.DirectThreshold is not null;

    /// <summary>Whether the pooled token comes first; where it does not, it cannot be chosen.</summary>
    private bool IsDirect(Span<float> logits)
    {
        var probability = TokenSampler.Probability(logits, embTokenId);
        Sequence.DirectProbability = probability;
        logits[embTokenId] = float.NegativeInfinity;
        return probability >= Sequence.Request.DirectThreshold;
    }

    private void Follow(int token)
    {
        Next = token;
        _tokens.Add(Next);
        var isPooled = Next == embTokenId;
        NextIsPooled = EndsWithTurn
            ? IsAtLengthLimit && isPooled != _poolsBefore
            : isPooled || (IsAtLengthLimit && _options.OnLengthLimit == LengthAction.PoolLastToken);
        Sequence.Request.OnToken?.Invoke(Next);
        if (EndsWithTurn && !NextIsPooled && (IsAtLengthLimit || _endOfTurn.Contains(Next)))
            Complete(_atPooled ?? _lastPass, TurnFinish());
    }

    /// <summary>Ends a rationale at its length limit with the end token it lacks.</summary>
    public void AppendEmb() => (Next, NextIsPooled) = (embTokenId, true);

    /// <summary>Completes the request with its result.</summary>
    public void Complete(float[] hidden) => Complete(hidden, _tokens[^1] == embTokenId ? FinishReason.Emb : FinishReason.Length);

    private void Complete(float[] hidden, FinishReason finish) => Sequence.Complete(hidden, [.. _tokens], finish, [.. _logProbabilities]);

    private FinishReason TurnFinish() =>
        _atPooled is not null || Next == embTokenId ? FinishReason.Emb
        : _endOfTurn.Contains(Next) ? FinishReason.EndOfTurn
        : FinishReason.Length;
}
