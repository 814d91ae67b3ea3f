using Rge.Data.Mmeb;

namespace Rge.Evaluation.Mmeb;

/// <summary>What is evaluated, and how.</summary>
public sealed record MmebEvaluationOptions
{
    /// <summary>The subsets, in the order they are evaluated in.</summary>
    public required IReadOnlyList<MmebSubset> Subsets { get; init; }

    /// <summary>The folder that image paths count from.</summary>
    public required string ImageFolder { get; init; }

    /// <summary>Where scores and predictions are written; made where it does not exist.</summary>
    public required string OutputFolder { get; init; }

    /// <summary>Identifies the model and everything else that its embeddings depend on, except how rationales are written.</summary>
    public required string ModelIdentity { get; init; }

    /// <summary>Name of the model in reports; a number is added where the output folder has another of the name.</summary>
    public string ModelName { get; init; } = "model";

    /// <summary>Whether queries write a rationale.</summary>
    public bool Reasoning { get; init; } = true;

    /// <summary>
    /// What is compared with the candidates: the query after the rationale that is written for it, always or where the model decides so, or
    /// one of those that take its place. All but <see cref="QueryRationale.Written"/> need <see cref="Reasoning"/>. <see cref="QueryRationale.None"/> and <see cref="QueryRationale.Oracle"/> are not among them.
    /// </summary>
    public QueryRationale Queries { get; init; }

    /// <summary>
    /// Whether each query is embedded after two other rationales as well, for <see cref="SubsetScore.Sensitivity"/>. Needs
    /// <see cref="Reasoning"/> and <see cref="QueryRationale.Written"/>.
    /// </summary>
    public bool MeasuresSensitivity { get; init; }

    /// <summary>How rationales are written.</summary>
    public GenerationOptions Generation { get; init; } = new();

    /// <summary>How the texts of queries are rewritten.</summary>
    public InstructionRules QueryRules { get; init; } = InstructionRules.None;

    /// <summary>How the texts of candidates are rewritten.</summary>
    public InstructionRules CandidateRules { get; init; } = InstructionRules.None;

    /// <summary>What to do with rows whose items cannot be embedded.</summary>
    public FailedItems FailedItems { get; init; }

    /// <summary>Columns of the data that may be left out; others that are not understood are an error.</summary>
    public IReadOnlyCollection<string> IgnoredColumns { get; init; } = [];

    /// <summary>What the results depend on, by name and in words, for the report.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whether the embeddings of each subset are written beside its scores.</summary>
    public EmbeddingFormat Embeddings { get; init; }

    /// <summary>Rows of each subset that are kept with texts, images and first candidates for the report; evenly spaced.</summary>
    public int SampleRows { get; init; } = 6;
}
