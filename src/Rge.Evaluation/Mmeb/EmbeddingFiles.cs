using Rge.Models.Checkpoints;
using static TorchSharp.torch;

namespace Rge.Evaluation.Mmeb;

/// <summary>
/// Writes a subset's embeddings, so that other programs can score them: <c>queries</c> [rows, d] and <c>candidates</c> [n, d] in float32,
/// <c>candidate_indices</c>, which for all rows after each other tells their candidates as rows of <c>candidates</c>, the right one first,
/// and <c>candidate_starts</c> [rows + 1], where those of each row begin; int64. Skipped rows and candidates are left out.
/// </summary>
internal static class EmbeddingFiles
{
    public static void Write(string folder, SubsetResults results, EmbeddingFormat format)
    {
        if (format == EmbeddingFormat.None)
            return;
        var (queries, candidates, indices, starts) = (new List<float[]>(), new List<float[]>(), new List<long>(), new List<long> { 0 });
        var places = new Dictionary<int, long>();
        for (var row = 0; row < results.Count; row++)
        {
            if (results[row] is not { } result)
                continue;
            queries.Add(results.Queries[row].Embedding!.Vector);
            foreach (var candidate in result.Candidates)
            {
                var number = results.Rows.CandidatesOf(row)[candidate];
                if (places.TryAdd(number, candidates.Count))
                    candidates.Add(results.Candidates[number].Embedding!.Vector);
                indices.Add(places[number]);
            }
            starts.Add(indices.Count);
        }
        if (format == EmbeddingFormat.Npy)
        {
            NpyFile.Write(Path.Combine(folder, "queries.npy"), Matrix(queries), queries.Count);
            NpyFile.Write(Path.Combine(folder, "candidates.npy"), Matrix(candidates), candidates.Count);
            NpyFile.Write<long>(Path.Combine(folder, "candidate_indices.npy"), [.. indices]);
            NpyFile.Write<long>(Path.Combine(folder, "candidate_starts.npy"), [.. starts]);
            return;
        }
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(
            Path.Combine(folder, "embeddings.safetensors"),
            new Dictionary<string, Tensor>(StringComparer.Ordinal)
            {
                ["queries"] = tensor(Matrix(queries)).view(queries.Count, -1),
                ["candidates"] = tensor(Matrix(candidates)).view(candidates.Count, -1),
                ["candidate_indices"] = tensor(indices.ToArray()),
                ["candidate_starts"] = tensor(starts.ToArray()),
            }
        );
    }

    private static float[] Matrix(List<float[]> rows) => [.. rows.SelectMany(row => row)];
}
