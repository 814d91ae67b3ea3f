using System.Diagnostics.CodeAnalysis;

namespace Rge;

/// <summary>The result of one item of a call that continues after failures: its embedding, or the error. Immutable.</summary>
public sealed record EmbeddingResult
{
    /// <summary>Index of the item in the call, from 0.</summary>
    public required long Index { get; init; }

    /// <summary>The embedding; <see langword="null"/> where the item failed.</summary>
    public ReasoningEmbedding? Embedding { get; init; }

    /// <summary>Why the item has no embedding; <see langword="null"/> where it has one.</summary>
    public RgeException? Error { get; init; }

    /// <summary>Whether the item has an embedding.</summary>
    [MemberNotNullWhen(true, nameof(Embedding))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool Succeeded => Embedding is not null;
}
