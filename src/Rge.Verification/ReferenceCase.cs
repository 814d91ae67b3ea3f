using System.Text.Json;

namespace Rge.Verification;

/// <summary>A query or a target of cases.json.</summary>
internal sealed record ReferenceCase
{
    /// <summary>What its tensors are called: <c>queries.0</c>.</summary>
    public required string Name { get; init; }

    public required EmbeddingInput Input { get; init; }

    /// <summary>File names of its images.</summary>
    public required IReadOnlyList<string> Images { get; init; }

    public required string Prompt { get; init; }

    public required int[] InputIds { get; init; }

    /// <summary>M-RoPE positions by time, height and width.</summary>
    public required int[][] PositionIds { get; init; }

    public required int RopeDelta { get; init; }

    /// <summary>The greedy continuation; empty for a target.</summary>
    public int[] GeneratedIds { get; init; } = [];

    public int[] PenalizedIds { get; init; } = [];

    public bool EndedWithEmb { get; init; }

    public static IReadOnlyList<ReferenceCase> Read(JsonElement cases, string list, ItemRole role, string imageFolder) =>
        cases.TryGetProperty(list, out var rows)
            ? [.. rows.EnumerateArray().Select((row, i) => ReadRow(row, $"{list}.{i}", role, imageFolder))]
            : [];

    private static ReferenceCase ReadRow(JsonElement row, string name, ItemRole role, string imageFolder)
    {
        var image = row.GetProperty("image");
        IReadOnlyList<string> images = image.ValueKind switch
        {
            JsonValueKind.Null => [],
            JsonValueKind.Array => [.. image.EnumerateArray().Select(item => item.GetString()!)],
            _ => [image.GetString()!],
        };
        return new ReferenceCase
        {
            Name = name,
            // The reference knows no untrusted text.
            Input = new EmbeddingInput
            {
                Role = role,
                Text = row.GetProperty("text").GetString(),
                Images = [.. images.Select(file => ImageSource.FromFile(Path.Combine(imageFolder, file)))],
                AllowSpecialTokens = true,
            },
            Images = images,
            Prompt = row.GetProperty("prompt").GetString()!,
            InputIds = Ids(row.GetProperty("input_ids")),
            PositionIds = [.. row.GetProperty("position_ids").EnumerateArray().Select(Ids)],
            RopeDelta = row.GetProperty("rope_delta").GetInt32(),
            GeneratedIds = row.TryGetProperty("generated_ids", out var generated) ? Ids(generated) : [],
            PenalizedIds = row.TryGetProperty("generated_ids_repetition_penalty_1.05", out var penalised) ? Ids(penalised) : [],
            EndedWithEmb = row.TryGetProperty("ended_with_emb", out var ended) && ended.GetBoolean(),
        };
    }

    public static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetInt32())];
}
