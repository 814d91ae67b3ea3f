namespace Rge.Data;

/// <summary>One query to learn from. Immutable.</summary>
public sealed record TrainingSample
{
    /// <summary>Name of the dataset it belongs to.</summary>
    public required string Dataset { get; init; }

    /// <summary>Where it comes from, for errors: a file and row, or a generator's index.</summary>
    public required string Source { get; init; }

    /// <summary>The query. Its <see cref="EmbeddingInput.Rationale"/> is not set.</summary>
    public required EmbeddingInput Query { get; init; }

    /// <summary>
    /// The oracle rationale, without <c>&lt;emb&gt;</c>: written by a stronger model (or a generator that knows the answer) for query and
    /// right target; empty where no reasoning is needed, so that <c>&lt;emb&gt;</c> follows immediately. For a sample without targets, the
    /// answer to learn by next-token prediction. <see langword="null"/> for none, which has no next-token loss.
    /// </summary>
    public string? Rationale { get; init; }

    /// <summary>The right targets, the one to train on first; empty for a sample that only teaches to write.</summary>
    public IReadOnlyList<TargetItem> Targets { get; init; } = [];

    /// <summary>Hard negatives: targets that are wrong, but nearly right.</summary>
    public IReadOnlyList<TargetItem> Negatives { get; init; } = [];
}
