namespace Rge;

/// <summary>Limits on the concurrent work of a <see cref="DecodingEngine"/>.</summary>
public sealed record DecodingEngineOptions
{
    /// <summary>Rationales decoded concurrently; a step costs little more for 32 than for one.</summary>
    public int MaxBatchSize { get; init; } = 32;

    /// <summary>
    /// Prompt tokens read in one pass; a longer prompt is read alone. Three prompts with an image fill the processor as well as twelve, but
    /// more tokens take more memory for activations.
    /// </summary>
    public int MaxPrefillTokens { get; init; } = 1024;

    /// <summary>
    /// Bounds the memory of all rationales, in tokens of KV cache; fewer run concurrently when theirs would not fit. One always runs.
    /// A token takes 2 · attention layers · KV heads · head dimension values: 36 KB in a 3B checkpoint in bfloat16. What gated delta nets
    /// carry of a rationale (Qwen3.5) counts as the tokens that take as much: see <see cref="Models.QwenVlModel.SlotTokens"/>.
    /// </summary>
    public long MaxCacheTokens { get; init; } = long.MaxValue;

    /// <summary>
    /// Bounds the memory of kept prompt states, in tokens and as a part of <see cref="MaxCacheTokens"/>: a prompt that begins with the same
    /// tokens and images as an earlier one is read from where it differs. Running rationales have priority; the least recently used state
    /// is evicted first. The model must not change while states are kept. 0 keeps none.
    /// </summary>
    /// <remarks>
    /// A state takes as many tokens as its prompt has. With gated delta nets (Qwen3.5) reading continues only from the end of a prompt or of
    /// its last image: both states are kept, and each also takes <see cref="Models.QwenVlModel.SlotTokens"/>.
    /// </remarks>
    public long MaxPrefixTokens { get; init; }

    /// <summary>
    /// Whether greedy choices are made where the logits lie, so that these need not come to the host; null where that is no CPU.
    /// </summary>
    internal bool? ChoosesOnDevice { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxPrefillTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxCacheTokens, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxPrefixTokens);
    }
}
