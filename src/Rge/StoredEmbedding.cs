namespace Rge;

/// <summary>A <see cref="ReasoningEmbedding"/> as it is stored in JSON.</summary>
internal sealed record StoredEmbedding
{
    public required float[] Vector { get; init; }

    public string? Rationale { get; init; }

    public int[] RationaleIds { get; init; } = [];

    public FinishReason RationaleEnd { get; init; }

    public int PromptTokens { get; init; }

    public int ImageTokens { get; init; }

    public TimeSpan Waiting { get; init; }

    public TimeSpan Prefill { get; init; }

    public TimeSpan Decoding { get; init; }
}
