namespace Rge.Data;

/// <summary>The rows of one dataset (an MMEB subset).</summary>
/// <param name="Name">Name of the dataset.</param>
/// <param name="Group">The meta-task it belongs to: classification, vqa, retrieval or grounding.</param>
/// <param name="Rows">The rows.</param>
public sealed record EvaluationDataset(string Name, string Group, IReadOnlyList<EvaluationRow> Rows)
{
    /// <summary>Columns of its files that nothing was taken from.</summary>
    public IReadOnlyList<string> UnreadColumns { get; init; } = [];
}
