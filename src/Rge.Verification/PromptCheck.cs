using System.Text.Json;
using Rge.Files;
using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inputs;
using Rge.Prompts;

namespace Rge.Verification;

/// <summary>Prompts, their token ids and positions, and that config.json says the same in its newer layout.</summary>
internal static class PromptCheck
{
    public static IEnumerable<VerificationRow> Run(
        ReferenceFolder folder,
        QwenVlConfig config,
        QwenVlProcessor processor,
        PromptBuilder prompts
    )
    {
        var nested = Comparison.Exact("nested config");
        if (folder.Has("config.nested.json"))
        {
            var path = folder.PathOf("config.nested.json");
            nested.AddEqual("config.nested.json", Describe(QwenVlConfig.Parse(JsonFile.ReadObject(path), path)), Describe(config));
        }
        var (texts, ids, positions, deltas) = (
            Comparison.Exact("prompts"),
            Comparison.Exact("input ids"),
            Comparison.Exact("position ids"),
            Comparison.Exact("rope delta")
        );
        foreach (var item in folder.Cases)
        {
            var grids = item.Input.Images.Select(source => source.Load(processor.Images, ImageLimits.Default).Grid).ToArray();
            var reasons = item.Input.Role == ItemRole.Query;
            texts.AddEqual(item.Name, prompts.Text(item.Input).ToString() + (reasons ? "" : PromptBuilder.EmbToken), item.Prompt);
            ids.AddEqual(item.Name, prompts.Build(item.Input, grids, reasons).TokenIds, item.InputIds);
            var rope = MropePositions.Compute(item.InputIds, grids, config);
            positions.AddEqual(item.Name, [.. rope.Time, .. rope.Height, .. rope.Width], [.. item.PositionIds.SelectMany(axis => axis)]);
            deltas.AddEqual(item.Name, [rope.Next - item.InputIds.Length], [item.RopeDelta]);
        }
        return [nested.Row, texts.Row, ids.Row, positions.Row, deltas.Row];
    }

    /// <summary>Every field of a configuration, the file's own text aside.</summary>
    private static string Describe(QwenVlConfig config) =>
        JsonSerializer.Serialize(config with { Source = [] }, VerificationJsonContext.Default.QwenVlConfig);
}
