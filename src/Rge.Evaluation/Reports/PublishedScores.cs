namespace Rge.Evaluation.Reports;

/// <summary>Scores that others have published on all 36 subsets of MMEB-V1: mean hit@1 in percent.</summary>
/// <param name="Model">The model.</param>
/// <param name="Source">Where the figures stand.</param>
/// <param name="Groups">By group, in the order of <see cref="Columns"/>.</param>
internal sealed record PublishedScores(string Model, string Source, IReadOnlyList<double> Groups)
{
    /// <summary>The columns of the paper's table.</summary>
    public static IReadOnlyList<string> Columns { get; } = ["classification", "vqa", "retrieval", "grounding", "ind", "ood", "overall"];

    /// <summary>The published rows to compare with.</summary>
    public static IReadOnlyList<PublishedScores> All { get; } =
    [
        new("Qwen2.5-VL-3B, without reasoning", "arXiv 2511.16150", [59.5, 59.9, 66.8, 88.0, 70.6, 58.4, 65.2]),
        new("RGE, Qwen2.5-VL-3B", "arXiv 2511.16150", [64.4, 67.8, 70.2, 90.1, 75.3, 63.7, 70.1]),
    ];
}
