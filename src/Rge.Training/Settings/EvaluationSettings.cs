namespace Rge.Training.Settings;

/// <summary>How a run measures itself on the development set.</summary>
public sealed record EvaluationSettings
{
    /// <summary>Steps between two measurements; one more is made at the end. 0 makes none.</summary>
    public int Every { get; init; } = 500;

    /// <summary>ShapeWorld: queries of each dataset.</summary>
    public int Queries { get; init; } = 32;

    /// <summary>ShapeWorld: seed of the development set.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Folder of evaluation rows in MMEB's form; ShapeWorld's development set unless given.</summary>
    public string? Folder { get; init; }

    internal void Validate()
    {
        Check.That(Every >= 0, "evaluation.every", Every, "0 or more");
        Check.That(Queries >= 1, "evaluation.queries", Queries, "at least 1");
    }
}
