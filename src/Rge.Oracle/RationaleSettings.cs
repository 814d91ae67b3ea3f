namespace Rge.Oracle;

/// <summary>What rationales are written for, where they go, and which are good enough. Immutable.</summary>
public sealed record RationaleSettings
{
    /// <summary>Folder of training rows in MMEB's form.</summary>
    public required string Data { get; init; }

    /// <summary>Folder that image paths count from; <see cref="Data"/> when left out.</summary>
    public string? Images { get; init; }

    /// <summary>Folder to write: new, empty, or that of a run to resume.</summary>
    public required string Output { get; init; }

    /// <summary>Datasets to take; all when empty.</summary>
    public IReadOnlyCollection<string> Subsets { get; init; } = [];

    /// <summary>
    /// Columns of the rows to ignore. Other unknown columns are an error, except those that only give the origin of a row.
    /// </summary>
    public IReadOnlyCollection<string> IgnoredColumns { get; init; } = [];

    /// <summary>Rows to take of each dataset, from its first; <see langword="null"/> for all.</summary>
    public int? Limit { get; init; }

    /// <summary>Whether rows are asked about again whose answer is of no use: refused, cut off, or against the rules.</summary>
    public bool Retry { get; init; }

    /// <summary>Whether no request is sent, so that the files are made of the existing answers.</summary>
    public bool Offline { get; init; }

    /// <summary>
    /// Whether rows without a rationale to keep are written too, without one: training then learns their embedding alone.
    /// </summary>
    public bool KeepAllRows { get; init; }

    /// <summary>How the endpoint is asked.</summary>
    public OracleSettings Oracle { get; init; } = new();

    /// <summary>What a rationale must be like.</summary>
    public RationaleRules Rules { get; init; } = new();

    /// <summary>The model whose ranking a rationale must help; <see langword="null"/> for none.</summary>
    public VerifierSettings? Verifier { get; init; }

    /// <summary>Price of a million tokens that are sent, in any currency.</summary>
    public decimal InputPrice { get; init; }

    /// <summary>Price of a million tokens that are written.</summary>
    public decimal OutputPrice { get; init; }

    /// <summary>The price of tokens.</summary>
    public decimal Cost(long inputTokens, long outputTokens) => (inputTokens * InputPrice + outputTokens * OutputPrice) / 1_000_000;
}
