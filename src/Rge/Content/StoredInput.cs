namespace Rge;

/// <summary>An <see cref="EmbeddingInput"/> as it is stored in JSON.</summary>
internal sealed record StoredInput
{
    public ItemRole Role { get; init; }

    public string? Instruction { get; init; }

    public StoredContentPart[]? Content { get; init; }

    /// <summary>Read in the place of <see cref="Content"/>, never written.</summary>
    public string? Text { get; init; }

    public ReasoningMode? Reasoning { get; init; }

    public string? Rationale { get; init; }

    public bool AllowSpecialTokens { get; init; }
}
