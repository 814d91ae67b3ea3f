using Rge.Data;
using Rge.Text;

namespace Rge.Evaluation;

/// <summary>What is embedded in the place of queries whose rationales are written: see <see cref="QueryRationale"/>.</summary>
internal static class QuerySubstitutes
{
    /// <summary>Whether something else is embedded in the place of queries, once their rationales are written.</summary>
    public static bool Replace(QueryRationale queries) =>
        queries
            is QueryRationale.ConclusionAsTarget
                or QueryRationale.RationaleAsTarget
                or QueryRationale.Shuffled
                or QueryRationale.Filler;

    /// <summary>Refuses datasets in which no rationale can take the place of another.</summary>
    /// <exception cref="DatasetException">Rationales are to be exchanged, and the dataset has one row.</exception>
    public static void Require(QueryRationale queries, EvaluationDataset dataset)
    {
        if (queries == QueryRationale.Shuffled && dataset.Rows.Count == 1)
            throw new DatasetException($"{dataset.Name} has one row, expected at least 2 that can exchange their rationales.");
    }

    /// <summary>The items to embed, one a row; <see langword="null"/> where the query keeps the embedding it has.</summary>
    /// <param name="queries">What is embedded; one of those that <see cref="Replace"/> queries, or the oracle rationale.</param>
    /// <param name="dataset">The dataset.</param>
    /// <param name="written">The rationale that was written for each of its queries; <see langword="null"/> or blank for none.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <exception cref="EvaluationException">The tokenizer has no filler.</exception>
    public static IEnumerable<EmbeddingInput?> For(
        QueryRationale queries,
        EvaluationDataset dataset,
        IEnumerable<string?> written,
        QwenTokenizer tokenizer
    )
    {
        string[] rationales = [.. written.Select(rationale => rationale?.Trim() ?? "")];
        return dataset.Rows.Select((row, i) => rationales[i].Length == 0 ? null : Substitute(row, i));

        EmbeddingInput? Substitute(EvaluationRow row, int i) =>
            queries switch
            {
                QueryRationale.ConclusionAsTarget => AsTarget(row, TargetForm.Of(row).Apply(Rationales.Conclusion(rationales[i]))),
                QueryRationale.RationaleAsTarget => AsTarget(row, rationales[i]),
                QueryRationale.Oracle => row.Rationale?.Trim() is { Length: > 0 } oracle ? row.Query with { Rationale = oracle } : null,
                QueryRationale.Shuffled => Other(rationales, i) is { } other ? row.Query with { Rationale = other } : null,
                _ => row.Query with { Rationale = RationaleFiller.Text(tokenizer, tokenizer.Encode(rationales[i]).Length) },
            };
    }

    /// <summary>A text as an item to be found, with the instruction that the row's candidates have.</summary>
    private static EmbeddingInput? AsTarget(EvaluationRow row, string text) =>
        text.Length == 0
            ? null
            : new EmbeddingInput
            {
                Role = ItemRole.Target,
                Instruction = row.Candidates[^1].Instruction,
                Text = text,
            };

    private static string? Other(string[] rationales, int row) =>
        Enumerable
            .Range(1, rationales.Length - 1)
            .Select(step => rationales[(row + step) % rationales.Length])
            .FirstOrDefault(other => other.Length > 0 && other != rationales[row]);
}
