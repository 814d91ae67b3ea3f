using System.Xml.Linq;
using Rge.Training;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class DemoVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-demo-").FullName;

    [Fact]
    public async Task Two_queries_of_each_meta_task_are_answered_with_reasoning_and_without()
    {
        var (model, baseline, page) = (Path.Combine(_folder, "model"), Path.Combine(_folder, "baseline"), Path.Combine(_folder, "pages", "demo.html"));
        ShapeWorldCheckpoint.Write(model, seed: 1);
        ShapeWorldCheckpoint.Write(baseline, seed: 2);
        var text = await OutputAsync("demo", "--model", model, "--baseline", baseline, "--queries", "1", "--seed", "3", "--out", page);

        string[] datasets = ["cls_major", "cls_twins", "vqa_path", "vqa_attr", "ret_t2i", "ret_i2t", "grd_path", "grd_same"];
        Assert.All(datasets, dataset => Assert.Contains($", {dataset} ", text, StringComparison.Ordinal));
        Assert.Equal(8, text.Split('\n').Count(line => line.StartsWith("rationale ", StringComparison.Ordinal)));
        // Without colours a picture is told in words.
        Assert.Contains("\npicture: ", text, StringComparison.Ordinal);
        Assert.Matches(@"│ average +│ +11 │", text);
        Assert.Contains(page, text, StringComparison.Ordinal);

        var read = XDocument.Load(page);
        Assert.Equal(8, read.Descendants("section").Count());
        Assert.All(read.Descendants("section"), section => Assert.Equal(2, section.Descendants("ol").Count(list => list.Elements("li").Count() == 3)));
        // Right candidates are marked so, be they among the first or named after them.
        Assert.Equal(16, read.Descendants("li").Count(hit => hit.Element("span")!.Attribute("class")!.Value == "right"));
        Assert.All(read.Descendants("img"), picture => Assert.StartsWith("data:image/png;base64,iVBOR", picture.Attribute("src")!.Value, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_model_that_is_not_there_is_named() =>
        Assert.Contains("nowhere", await ErrorAsync(RgeCommand.Failure, "demo", "--model", "nowhere"), StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
