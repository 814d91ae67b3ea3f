namespace Rge.Server.Requests;

/// <summary>What every shape of request comes down to.</summary>
/// <param name="Items">What is to be embedded.</param>
internal sealed record EmbeddingRequest(IReadOnlyList<RequestItem> Items)
{
    /// <summary>Length that embeddings are cut to; null for the model's.</summary>
    public int? Dimensions { get; init; }

    /// <summary>Longest rationale; null for the model's.</summary>
    public int? MaxRationaleTokens { get; init; }

    /// <summary>Whether the answer shows rationales.</summary>
    public bool ReturnRationale { get; init; }

    /// <summary>The forms in which embeddings are wanted; where the shape has one only, the first.</summary>
    public IReadOnlyList<VectorEncoding> Encodings { get; init; } = [VectorEncoding.Float];
}
