using Rge.Data;
using Rge.Imaging;
using Rge.Search;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;

namespace Rge.Server.Collections;

/// <summary>
/// Drawn scenes to try a search with, and queries that have an answer among them: the world that the small models were trained on,
/// scenes apart.
/// </summary>
internal static class SampleCollection
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "sample";

    /// <summary>The instruction that the small models were trained with for images.</summary>
    public const string Instruction = "represent the picture";

    private const ulong Seed = 2026;
    private const int Rows = 12;

    /// <summary>
    /// Rows of each dataset that are asked first, in drawing order: those whose image the model in models/shapeworld finds first after its
    /// rationale, and not without. A test works them out again.
    /// </summary>
    private static readonly Dictionary<string, int[]> AskedFirst = new(StringComparer.Ordinal)
    {
        ["ret_t2i"] = [],
        ["ret_comp"] = [1, 2, 3],
    };

    private static readonly Lazy<IReadOnlyList<EvaluationRow>> Drawn = new(() =>
        [
            .. ShapeWorldEvaluation
                .Create(WorldSplit.Dev, Seed, Rows, [.. AskedFirst.Keys])
                .SelectMany(dataset => dataset.Rows.Index().OrderBy(row => !AskedFirst[dataset.Name].Contains(row.Index)))
                .Select(row => row.Item),
        ]
    );

    /// <summary>The images: the right ones, and for each some that are nearly right.</summary>
    public static IReadOnlyList<SearchItem> Items() =>
        [
            .. Drawn
                .Value.SelectMany(row => row.Candidates)
                .SelectMany(candidate => candidate.Images)
                .Distinct()
                .Select(image => new SearchItem { Images = [PngEncoder.Encode(image.Decode())] }),
        ];

    /// <summary>The rows that the queries are of, in their order; the first candidate of each is the right one.</summary>
    internal static IReadOnlyList<EvaluationRow> Examples => Drawn.Value;

    /// <summary>
    /// Queries: what they say, and the PNG of the image that they say it of. Those that show what a rationale changes come first.
    /// </summary>
    public static IReadOnlyList<(string Text, byte[]? Image)> Queries() =>
        [.. Drawn.Value.Select(row => (row.Query.Text!, row.Query.Images is [var image, ..] ? PngEncoder.Encode(image.Decode()) : null))];
}
