namespace Rge;

/// <summary>What became of a <see cref="DecodeRequest"/>.</summary>
/// <param name="HiddenState">Hidden state after the final norm at the pooled token, float32, not normalised.</param>
/// <param name="RationaleIds">The tokens the model wrote, its own <c>&lt;emb&gt;</c> included; an appended one is not.</param>
/// <param name="FinishReason">Why the rationale ended.</param>
/// <param name="Timings">Where the time went.</param>
public sealed record DecodedSequence(float[] HiddenState, int[] RationaleIds, FinishReason FinishReason, DecodeTimings Timings);
