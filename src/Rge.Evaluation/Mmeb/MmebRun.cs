namespace Rge.Evaluation.Mmeb;

/// <summary>What a model scored, with reasoning or without.</summary>
/// <param name="Model">The model's folder of results.</param>
/// <param name="Reasoning">Whether queries were embedded after a rationale.</param>
/// <param name="Scores">The scores.</param>
/// <param name="Folders">The folder of each subset, by its name.</param>
internal sealed record MmebRun(ResultFolder Model, bool Reasoning, MmebScores Scores, IReadOnlyDictionary<string, SubsetFolder> Folders)
{
    /// <summary>Name in tables.</summary>
    public string Name => $"{Model.Name}, {(Reasoning ? "with" : "without")} reasoning";
}
