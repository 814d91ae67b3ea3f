using System.Text.Json;
using System.Text.Json.Serialization;
using Rge.Tests.Shared;

namespace Rge.Tests.Presets;

/// <summary>A case of preset_cases.json: the item, and what the published code makes of it.</summary>
public sealed record PresetCase
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public required string Preset { get; init; }

    public required string Name { get; init; }

    public string? Text { get; init; }

    public string? Instruction { get; init; }

    public string[] Images { get; init; } = [];

    public string[] Video { get; init; } = [];

    public string? Continuation { get; init; }

    public Side? Query { get; init; }

    public Side? Document { get; init; }

    public required string Prompt { get; init; }

    public int[][] ImageGrids { get; init; } = [];

    public required int[] InputIds { get; init; }

    public required int[][] PositionIds { get; init; }

    public required int PooledIndex { get; init; }

    public required string PooledToken { get; init; }

    public double[]? Embedding { get; init; }

    [JsonPropertyName("embedding_first_16")]
    public double[]? First16 { get; init; }

    public double[]? LogitsYesNo { get; init; }

    public double? Score { get; init; }

    /// <summary>The cases of a family; skips the running test, saying so, where there are none.</summary>
    public static IReadOnlyList<PresetCase> Read(string family)
    {
        using var file = Open(family);
        return file.RootElement.GetProperty("cases").Deserialize<PresetCase[]>(Options)!;
    }

    /// <summary>Rows of height, width and their resized values by preset.</summary>
    public static IReadOnlyDictionary<string, int[][]> Sizes(string family)
    {
        using var file = Open(family);
        return file.RootElement.GetProperty("sizes").Deserialize<Dictionary<string, int[][]>>()!;
    }

    private static JsonDocument Open(string family) =>
        JsonDocument.Parse(File.ReadAllBytes(Golden.Require("presets", family, "preset_cases.json")));

    /// <summary>One side of a reranker's pair.</summary>
    public sealed record Side
    {
        public string? Text { get; init; }

        public string[] Images { get; init; } = [];

        public string[] Video { get; init; } = [];
    }
}
