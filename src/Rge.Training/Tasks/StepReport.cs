namespace Rge.Training.Tasks;

/// <summary>The outcome of one step.</summary>
public sealed record StepReport
{
    /// <summary>The loss that was differentiated.</summary>
    public required double Loss { get; init; }

    /// <summary>Queries learned from; 0 where the task has none.</summary>
    public int Queries { get; init; }

    /// <summary>Tokens run through the decoder with gradient.</summary>
    public int Tokens { get; init; }

    /// <summary>Tokens that the model wrote in the step.</summary>
    public int GeneratedTokens { get; init; }

    /// <summary>
    /// What else the log records, by name and in its order; null for a measure that the step has no value for. The page of curves draws
    /// names that it does not know in charts of their own.
    /// </summary>
    public IReadOnlyDictionary<string, double?> Measures { get; init; } = new OrderedDictionary<string, double?>(StringComparer.Ordinal);
}
