using Rge.Data;
using Rge.Data.ShapeWorld;
using Rge.Search;

namespace Rge.Server.Collections;

/// <summary>Drawn scenes to try a search with, and queries that have an answer among them: the world that the small models were trained on, scenes apart.</summary>
internal static class SampleCollection
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "sample";

    /// <summary>What the small models were told to do with pictures.</summary>
    public const string Instruction = "represent the picture";

    private const ulong Seed = 2026;
    private const int Rows = 12;

    private static readonly Lazy<IReadOnlyList<EvaluationRow>> Drawn =
        new(() => [.. ShapeWorldEvaluation.Create(WorldSplit.Dev, Seed, Rows, ["ret_t2i", "ret_comp"]).SelectMany(dataset => dataset.Rows)]);

    /// <summary>The pictures: the right ones, and for each some that are nearly right.</summary>
    public static IReadOnlyList<SearchItem> Items() =>
    [
        .. Drawn.Value.SelectMany(row => row.Candidates).SelectMany(candidate => candidate.Images).Distinct()
            .Select(image => new SearchItem { Images = [PngEncoder.Encode(image.Decode())] }),
    ];

    /// <summary>Queries: what they say, and the PNG of the picture that they say it of.</summary>
    public static IReadOnlyList<(string Text, byte[]? Picture)> Queries() =>
        [.. Drawn.Value.Select(row => (row.Query.Text!, row.Query.Images.Select(image => PngEncoder.Encode(image.Decode())).FirstOrDefault()))];
}
