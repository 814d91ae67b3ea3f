using System.Text.Json;

namespace Rge.Verification;

/// <summary>A case of preset_cases.json: an item, or a reranker's pair, and what the published code of a preset makes of it.</summary>
internal sealed record PresetCase
{
    /// <summary>Presets whose names there are others.</summary>
    private static readonly Dictionary<string, string> Renamed = new(StringComparer.Ordinal)
    {
        ["ume_r1_disc"] = "ume-r1",
        ["ume_r1_gen"] = "ume-r1-generative",
    };

    public required string Name { get; init; }

    public required ModelPreset Preset { get; init; }

    /// <summary>The item; the query of a reranker.</summary>
    public required EmbeddingInput Item { get; init; }

    /// <summary>The document of a reranker; null for an item to embed.</summary>
    public EmbeddingInput? Document { get; init; }

    /// <summary>What the prompt goes on with; null for nothing.</summary>
    public string? Continuation { get; init; }

    public required string Prompt { get; init; }

    /// <summary>Time, height and width of each image's grid.</summary>
    public required int[][] Grids { get; init; }

    public required int[] InputIds { get; init; }

    public required int[][] PositionIds { get; init; }

    public required int PooledIndex { get; init; }

    public float[] Embedding { get; init; } = [];

    /// <summary>The embedding's first 16 numbers, normalised again; empty where the preset does not cut.</summary>
    public float[] First16 { get; init; } = [];

    public double? Score { get; init; }

    /// <summary>Reads the cases of a folder; those with videos are null, since an item cannot have one.</summary>
    public static IReadOnlyList<PresetCase?> Read(JsonElement root, string imageFolder) =>
        [.. root.GetProperty("cases").EnumerateArray().Select(row => HasVideo(row) ? null : ReadRow(row, imageFolder))];

    private static bool HasVideo(JsonElement row) =>
        row.TryGetProperty("video", out _)
        || (row.TryGetProperty("query", out var query) && query.TryGetProperty("video", out _))
        || (row.TryGetProperty("document", out var document) && document.TryGetProperty("video", out _));

    private static PresetCase ReadRow(JsonElement row, string imageFolder)
    {
        var preset = row.GetProperty("preset").GetString()!;
        var continuation = Text(row, "continuation");
        var isPair = row.TryGetProperty("query", out var query);
        var item = ReadItem(isPair ? query : row, imageFolder, separator: preset == "rge" ? " " : "");
        return new PresetCase
        {
            Name = $"{preset}.{row.GetProperty("name").GetString()}",
            Preset = ModelPreset.Named(Renamed.GetValueOrDefault(preset) ?? preset.Replace('_', '-')),
            Item = item with
            {
                Instruction = Text(row, "instruction"),
                Rationale = continuation,
                AllowSpecialTokens = continuation is not null,
                Reasoning = ReasoningMode.Off,
            },
            Document = isPair ? ReadItem(row.GetProperty("document"), imageFolder, separator: "") : null,
            Continuation = continuation,
            Prompt = row.GetProperty("prompt").GetString()!,
            Grids = row.TryGetProperty("image_grids", out var grids) ? [.. grids.EnumerateArray().Select(ReferenceCase.Ids)] : [],
            InputIds = ReferenceCase.Ids(row.GetProperty("input_ids")),
            PositionIds = [.. row.GetProperty("position_ids").EnumerateArray().Select(ReferenceCase.Ids)],
            PooledIndex = row.GetProperty("pooled_index").GetInt32(),
            Embedding = Numbers(row, "embedding"),
            First16 = Numbers(row, "embedding_first_16"),
            Score = row.TryGetProperty("score", out var score) ? score.GetDouble() : null,
        };
    }

    /// <summary>Images and text as they are, without the space that <see cref="EmbeddingInput.Text"/> puts between.</summary>
    private static EmbeddingInput ReadItem(JsonElement row, string imageFolder, string separator)
    {
        ImagePart[] images = row.TryGetProperty("images", out var names)
            ? [.. names.EnumerateArray().Select(name => new ImagePart(ImageSource.FromFile(Path.Combine(imageFolder, name.GetString()!))))]
            : [];
        return new EmbeddingInput
        {
            Content = [.. images, new TextPart(images.Length > 0 ? separator : ""), new TextPart(Text(row, "text") ?? "")],
        };
    }

    private static string? Text(JsonElement row, string name) => row.TryGetProperty(name, out var text) ? text.GetString() : null;

    private static float[] Numbers(JsonElement row, string name) =>
        row.TryGetProperty(name, out var values) ? [.. values.EnumerateArray().Select(value => (float)value.GetDouble())] : [];
}
