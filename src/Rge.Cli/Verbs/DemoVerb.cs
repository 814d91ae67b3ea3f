using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Rge.Cli.Demo;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Files;

namespace Rge.Cli.Verbs;

/// <summary><c>rge demo</c>: what reasoning changes, on a few queries to look at and a few hundred to count.</summary>
internal static class DemoVerb
{
    public static Command Create(Terminal terminal)
    {
        var model = new Option<DirectoryInfo?>("--model", "-m")
        {
            Description = "Checkpoint that reasons; models/shapeworld unless given.",
        };
        var baseline = new Option<DirectoryInfo?>("--baseline")
        {
            Description = "Checkpoint that was trained without rationales; models/shapeworld-baseline unless given.",
        };
        var seed = new Option<int>("--seed")
        {
            Description = "Seed of the scenes: another one draws other queries.",
            DefaultValueFactory = _ => 7,
        };
        var queries = new Option<int>("--queries")
        {
            Description = "Queries of each of the eleven datasets that are counted.",
            DefaultValueFactory = _ => 25,
        };
        var page = new Option<FileInfo>("--out", "-o")
        {
            Description = "The page that is written.",
            DefaultValueFactory = _ => new FileInfo(Path.Combine("artifacts", "demo.html")),
        };
        var json = CommonOptions.Json();
        var command = new Command(
            "demo",
            "Show what reasoning changes: drawn scenes, rationales while they are written, candidates with reasoning and without, and "
                + "hit@1 over a few hundred queries."
        )
        {
            seed,
            queries,
            page,
            json,
            model,
            baseline,
        };
        CommonOptions.AtLeast(queries, 1);
        CommonOptions.AtLeast(seed, 0);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var watch = Stopwatch.StartNew();
                var (on, off) = (
                    ShippedModel.Find(parsed.GetValue(model), "shapeworld"),
                    ShippedModel.Find(parsed.GetValue(baseline), "shapeworld-baseline")
                );
                var (scenes, each) = (parsed.GetValue(seed), parsed.GetValue(queries));
                var path = parsed.GetRequiredValue(page).FullName;
                // Known before the work, not after it.
                if (Directory.Exists(path))
                    throw new CliException($"{path} is a folder, expected the name of the page to write.");
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                var screen = parsed.GetValue(json) ? null : new DemoScreen(terminal);
                screen?.Introduce();
                terminal.Remark("Loading both models, drawing scenes and choosing the queries to show ...");
                using var session = new DemoSession(on, off, scenes, each);
                var cases = new List<DemoCase>();
                foreach (var query in await session.ChooseAsync(cancellationToken))
                {
                    screen?.Ask(query);
                    cases.Add(await session.AnswerAsync(query, text => screen?.Write(text), cancellationToken));
                    screen?.Answer(cases[^1]);
                }
                terminal.Remark($"Counting hits over {session.Datasets.Sum(dataset => dataset.Rows.Count)} queries ...");
                var scores = await ProgressReport.RunAsync(terminal, "counting hits", progress =>
                    session.EvaluateAsync(progress, cancellationToken)
                );
                screen?.Score(scores);

                var about =
                    $"Models {Path.GetFileName(on)} and {Path.GetFileName(off)}; scenes of ShapeWorld's test split, drawn with seed "
                    + $"{scenes}; {each} queries of each dataset.";
                AtomicFile.WriteText(path, DemoPage.Build(cases, scores, about));
                if (screen is null)
                    terminal.WriteJson(DemoDocument.Create(cases, scores, on, off, scenes, path));
                else
                    terminal.RawOutput.WriteLine($"The same with images: {path}");
                terminal.Remark(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds:f0} s in all"));
                return ExitCodes.Success;
            }
        );
        return command;
    }
}
