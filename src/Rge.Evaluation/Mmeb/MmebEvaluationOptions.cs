using Rge.Data.Mmeb;

namespace Rge.Evaluation.Mmeb;

/// <summary>What is evaluated, and how.</summary>
public sealed record MmebEvaluationOptions
{
    /// <summary>The subsets, in the order they are evaluated in.</summary>
    public required IReadOnlyList<MmebSubset> Subsets { get; init; }

    /// <summary>The folder that picture paths count from.</summary>
    public required string ImageFolder { get; init; }

    /// <summary>Where scores and predictions are written; made where it does not exist.</summary>
    public required string OutputFolder { get; init; }

    /// <summary>Tells the model and everything else that its embeddings depend on, but for how rationales are written.</summary>
    public required string ModelIdentity { get; init; }

    /// <summary>What reports call the model.</summary>
    public string ModelName { get; init; } = "model";

    /// <summary>Whether queries write a rationale.</summary>
    public bool Reasoning { get; init; } = true;

    /// <summary>How rationales are written.</summary>
    public GenerationOptions Generation { get; init; } = new();

    /// <summary>How the texts of queries are rewritten.</summary>
    public InstructionRules QueryRules { get; init; } = InstructionRules.None;

    /// <summary>How the texts of candidates are rewritten.</summary>
    public InstructionRules CandidateRules { get; init; } = InstructionRules.None;

    /// <summary>What happens with rows whose pictures cannot be used.</summary>
    public BadImages BadImages { get; init; }

    /// <summary>Whether the embeddings of each subset are written beside its scores.</summary>
    public EmbeddingFormat Embeddings { get; init; }

    /// <summary>Rows of each subset that are kept with texts, pictures and first candidates for the report; evenly spaced.</summary>
    public int SampleRows { get; init; } = 6;
}
