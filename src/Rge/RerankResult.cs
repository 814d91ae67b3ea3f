namespace Rge;

/// <summary>What a <see cref="Reranker"/> gives for a document: a score, or the error that kept it from one.</summary>
public sealed record RerankResult
{
    /// <summary>The document's place among those given.</summary>
    public required int Index { get; init; }

    /// <summary>Probability that the document answers the query, 0 to 1; not a number where there is an <see cref="Error"/>.</summary>
    public double Score { get; init; } = double.NaN;

    /// <summary>Tokens of the pair's prompt, image tokens included; 0 where there is an <see cref="Error"/>.</summary>
    public int PromptTokens { get; init; }

    /// <summary>
    /// Tokens of them that were not read, as <see cref="DecodingEngineOptions.MaxPrefixTokens"/> kept a state of them.
    /// </summary>
    public int ReusedTokens { get; init; }

    /// <summary>What went wrong; <see langword="null"/> for a document with a score.</summary>
    public RgeException? Error { get; init; }

    /// <summary>Whether there is a score.</summary>
    public bool Succeeded => Error is null;
}
