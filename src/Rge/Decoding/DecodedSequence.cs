namespace Rge;

/// <summary>The result of a <see cref="DecodeRequest"/>.</summary>
/// <param name="HiddenState">Hidden state after the final norm at the pooled token, float32, not normalized.</param>
/// <param name="RationaleIds">The tokens the model wrote, its own <c>&lt;emb&gt;</c> included; an appended one is not.</param>
/// <param name="FinishReason">Why the rationale ended.</param>
/// <param name="Timings">How the time was spent.</param>
public sealed record DecodedSequence(float[] HiddenState, int[] RationaleIds, FinishReason FinishReason, DecodeTimings Timings)
{
    /// <summary>
    /// Probability of the pooled token as the first one, 0 to 1; <see langword="null"/> where it did not decide (<see
    /// cref="DecodeRequest.DirectThreshold"/>).
    /// </summary>
    public double? DirectProbability { get; init; }

    /// <summary>Tokens of the prompt that were not read, as <see cref="DecodingEngineOptions.MaxPrefixTokens"/> kept a state of
    /// them.</summary>
    public int ReusedTokens { get; init; }

    /// <summary>
    /// Natural logarithm of the probability that each of <see cref="RationaleIds"/> was sampled with: after the repetition penalty,
    /// temperature, top-k and top-p, and without what is banned. Empty where the likeliest tokens were taken.
    /// </summary>
    public float[] LogProbabilities { get; init; } = [];
}
