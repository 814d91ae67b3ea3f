using Rge.Data;

namespace Rge.Evaluation.Mmeb;

/// <summary>The rows of a subset, and the different candidates that they share.</summary>
internal sealed class SubsetRows
{
    private readonly int[][] _candidatesOf;

    public SubsetRows(EvaluationDataset dataset)
    {
        Dataset = dataset;
        Queries = [.. dataset.Rows.Select(row => (row.Query, row.Source))];
        var places = new Dictionary<EmbeddingInput, int>(ReferenceEqualityComparer.Instance);
        var candidates = new List<(EmbeddingInput, string)>();
        _candidatesOf = new int[dataset.Rows.Count][];
        for (var i = 0; i < _candidatesOf.Length; i++)
        {
            var row = dataset.Rows[i];
            if (row.Candidates.Count == 0)
                throw new DatasetException($"{row.Source} has no candidates.");
            _candidatesOf[i] = new int[row.Candidates.Count];
            for (var k = 0; k < row.Candidates.Count; k++)
            {
                if (places.TryAdd(row.Candidates[k], candidates.Count))
                    candidates.Add((row.Candidates[k], row.Source));
                _candidatesOf[i][k] = places[row.Candidates[k]];
            }
        }
        Candidates = candidates;
    }

    public EvaluationDataset Dataset { get; }

    public string Name => Dataset.Name;

    public string Group => Dataset.Group;

    /// <summary>Unused columns of the files.</summary>
    public IReadOnlyList<string> UnreadColumns => Dataset.UnreadColumns;

    /// <summary>The query of each row, and the row's location.</summary>
    public IReadOnlyList<(EmbeddingInput Item, string Source)> Queries { get; }

    /// <summary>The different candidates, and a row of each.</summary>
    public IReadOnlyList<(EmbeddingInput Item, string Source)> Candidates { get; }

    /// <summary>The candidates of a row as indices into <see cref="Candidates"/>, the right one first.</summary>
    public ReadOnlySpan<int> CandidatesOf(int row) => _candidatesOf[row];
}
