using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Rge.Training.Reports;
using Rge.Training.RunFiles;
using Rge.Training.Settings;

namespace Rge.Training.Tests.Reports;

public sealed class RunReportTests : IDisposable
{
    private readonly RunFolder _folder = new(Directory.CreateTempSubdirectory("rge-report-").FullName);

    private static TrainingConfig Config { get; } =
        new()
        {
            Name = "a <b> & c",
            Seed = 41,
            Model = new ModelSettings { Shape = "shapeworld" },
            Phases =
            [
                new()
                {
                    Name = "see",
                    Task = "cells",
                    Steps = 20,
                },
                new()
                {
                    Name = "write",
                    Steps = 30,
                    EmbeddingWeight = 0,
                },
                new() { Name = "joint", Steps = 50 },
            ],
        };

    [Fact]
    public void Every_curve_of_a_run_is_drawn_with_its_phases()
    {
        var page = Write(steps: 100);
        Assert.Equal(
            [
                "Loss",
                "Accuracy on the batch, %",
                "Self rationale, tokens",
                "hit@1 on the development set, %",
                "Learning rate",
                "Gradient norm, before clipping",
                "Seconds a step",
            ],
            page.Descendants("figcaption").Select(caption => caption.Value)
        );
        Assert.Equal(["total", "next token", "InfoNCE", "cells"], Legend(page, "Loss"));
        Assert.Equal(["next token", "self rationale's conclusion", "cells"], Legend(page, "Accuracy on the batch, %"));
        Assert.Equal(["average", "vqa", "grounding"], Legend(page, "hit@1 on the development set, %"));
        Assert.All(page.Descendants("svg").Where(svg => svg.Attribute("aria-label")!.Value != "Self rationale, tokens"), svg =>
            Assert.Contains(svg.Descendants("text"), text => text.Value == "joint")
        );
    }

    [Fact]
    public void Scores_settings_and_provenance_are_told()
    {
        var page = Write(steps: 100);
        Assert.Equal("Run a <b> & c", page.Descendants("h1").Single().Value);
        Assert.Contains("seed: 41", page.Descendants("pre").Single().Value, StringComparison.Ordinal);
        Assert.Contains(page.Descendants("td"), cell => cell.Value == "0123abc");
        // Two measurements: 25 steps of 0.5 s before the first in phase write, as many again and more before the second.
        var rows = page.Descendants("tbody")
            .First()
            .Elements("tr")
            .Select(row => string.Join('|', row.Elements().Select(cell => cell.Value)))
            .ToArray();
        Assert.Equal(["50|00:00:25|40.0|20.0|30.0|25.0|12.5", "100|00:00:50|60.0|30.0|45.0||"], rows);
        var tiles = page.Descendants("div")
            .Where(div => (string?)div.Attribute("class") == "tile")
            .Select(tile => $"{tile.Element("b")!.Value} {tile.Element("span")!.Value}")
            .ToArray();
        Assert.Contains("100 steps done of 100", tiles);
        Assert.Contains("45.0 development hit@1, %", tiles);
        Assert.Contains("41 seed", tiles);
    }

    [Fact]
    public void A_run_that_has_just_begun_has_a_page_too()
    {
        var page = Write(steps: 1);
        Assert.Equal(
            ["Loss", "Accuracy on the batch, %", "Learning rate", "Gradient norm, before clipping", "Seconds a step"],
            page.Descendants("figcaption").Select(caption => caption.Value)
        );
        File.Delete(_folder.Log);
        File.Delete(_folder.Provenance);
        RunReport.Write(_folder);
        Assert.Empty(XDocument.Load(_folder.Report).Descendants("figure"));
    }

    [Fact]
    public void A_long_run_stays_a_small_page()
    {
        var entries = Enumerable
            .Range(1, 20_000)
            .Select(step =>
                (JsonObject)
                    JsonNode.Parse(
                        $$"""{"step":{{step}},"phase":"x","loss":{{step % 13 + 1}},"gradient_norm":1,"learning_rate":0.1,"seconds":1}"""
                    )!
            );
        Assert.InRange(new RunReport(Config with { Phases = [new() { Steps = 20_000 }] }, entries, null).ToHtml().Length, 10_000, 100_000);
    }

    public void Dispose() => Directory.Delete(_folder.Root, recursive: true);

    private static IEnumerable<string> Legend(XDocument page, string title) =>
        page.Descendants("figure")
            .Single(figure => figure.Element("figcaption")!.Value == title)
            .Element("div")!
            .Elements("span")
            .Select(name => name.Value);

    private XDocument Write(int steps)
    {
        File.WriteAllText(_folder.Config, ConfigFile.Write(Config));
        File.WriteAllText(_folder.Provenance, """{"commit": "0123abc", "parameters": 1000, "data": {"source": "drawn"}}""");
        File.WriteAllLines(_folder.Log, Enumerable.Range(1, steps).SelectMany(Lines));
        RunReport.Write(_folder);
        return XDocument.Load(_folder.Report);
    }

    private static IEnumerable<string> Lines(int step)
    {
        var common = string.Create(
            CultureInfo.InvariantCulture,
            $"\"step\":{step},\"gradient_norm\":{1 + step % 3},\"learning_rate\":0.001,\"seconds\":0.5"
        );
        yield return step switch
        {
            <= 20 => $$"""{"phase":"see","loss":3.5,"cell_accuracy":0.5,{{common}}}""",
            <= 50 => $$"""{"phase":"write","loss":2,"lm_loss":2,"lm_accuracy":0.75,{{common}}}""",
            _ => $$"""{"phase":"joint","loss":3,"lm_loss":1,"lm_accuracy":0.9,"info_nce":2,"rationale_tokens":14,"""
                + $$""" "conclusion_right":0.25,"generation_seconds":0.2,{{common}}}""",
        };
        if (step == 50)
            yield return """{"step":50,"development":{"average":0.3,"groups":{"vqa":0.4,"grounding":0.2},"rationale_tokens":12.5,"""
                + """ "conclusion_right":0.25}}""";
        if (step == 100)
            yield return """{"step":100,"development":{"average":0.45,"groups":{"vqa":0.6,"grounding":0.3},"conclusion_right":null}}""";
    }
}
