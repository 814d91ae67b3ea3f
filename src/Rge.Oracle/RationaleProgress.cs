namespace Rge.Oracle;

/// <summary>The progress of a run.</summary>
public sealed record RationaleProgress
{
    /// <summary>What is being done: asking or verifying.</summary>
    public required string Phase { get; init; }

    /// <summary>Rows that are done, those of earlier runs included.</summary>
    public required int Done { get; init; }

    /// <summary>Rows that are to be done, those of earlier runs included.</summary>
    public required int Total { get; init; }

    /// <summary>Rows of this run that have no rationale.</summary>
    public int Failed { get; init; }

    /// <summary>Tokens sent, by this run and those before it.</summary>
    public long InputTokens { get; init; }

    /// <summary>Tokens written, likewise.</summary>
    public long OutputTokens { get; init; }

    /// <summary>Time until all is done, at the pace so far; <see langword="null"/> before the first row.</summary>
    public TimeSpan? TimeLeft { get; init; }

    /// <summary>Something to tell apart from the numbers: why a request waits.</summary>
    public string? Remark { get; init; }
}
