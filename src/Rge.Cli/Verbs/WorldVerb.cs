using System.CommandLine;
using System.Text.Json.Nodes;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;

namespace Rge.Cli.Verbs;

/// <summary><c>rge world</c>: writes the ShapeWorld benchmark to disk.</summary>
internal static class WorldVerb
{
    private const int MaxQueries = 1_000_000;

    public static Command Create(Terminal terminal)
    {
        var split = new Option<string>("--split")
        {
            Description = "train writes samples to learn from, dev and test rows to evaluate on. No scene is in two of them.",
            DefaultValueFactory = _ => "test",
        };
        split.AcceptOnlyFromAmong("train", "dev", "test");
        var seed = new Option<ulong>("--seed")
        {
            Description = "Seed of the scenes: the same seed writes the same rows and pixels on any machine.",
        };
        var queries = new Option<int>("--queries") { Description = "Rows of each dataset.", DefaultValueFactory = _ => 256 };
        queries.Validators.Add(result =>
        {
            if (CommonOptions.Number<int>(result) is { } value and (< 1 or > MaxQueries))
                result.AddError($"--queries is {value}, expected 1 to {MaxQueries}.");
        });
        var datasets = new Option<string[]>("--datasets")
        {
            HelpName = "NAME",
            Description =
                "Datasets to write, or sets of them: standard for the eleven of the benchmark, which are written unless given, and "
                + "beyond-words for those whose targets take more than the words of a rationale.",
            AllowMultipleArgumentsPerToken = true,
        };
        datasets.AcceptOnlyFromAmong([.. ShapeWorldDatasets.Names]);
        var folder = new Option<DirectoryInfo>("--out") { Description = "Folder to write; must not hold anything yet.", Required = true };
        var json = CommonOptions.Json();
        var command = new Command(
            "world",
            "Write ShapeWorld, a small drawn benchmark with oracle rationales, in MMEB's form: Parquet files and PNG images."
        )
        {
            folder,
            split,
            seed,
            queries,
            datasets,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var (target, rows) = (OutputFolder.Check(parsed.GetRequiredValue(folder).FullName), parsed.GetValue(queries));
                var part = Enum.Parse<WorldSplit>(parsed.GetRequiredValue(split), ignoreCase: true);
                var chosen = ShapeWorldDatasets.Choose(parsed.GetValue(datasets) ?? []);
                var total = rows * chosen.Count;
                await ProgressReport.RunAsync(terminal, "Drawing", async progress =>
                {
                    var report = new Rows(progress, total);
                    // Drawing keeps a core busy; the progress bar wants to move meanwhile.
                    await Task.Run(
                        () => ShapeWorldFiles.WriteAsync(target, part, parsed.GetValue(seed), rows, chosen, report, cancellationToken),
                        cancellationToken
                    );
                    return total;
                });
                if (parsed.GetValue(json))
                {
                    terminal.WriteJson(
                        new JsonObject
                        {
                            ["folder"] = target,
                            ["split"] = parsed.GetValue(split),
                            ["seed"] = parsed.GetValue(seed),
                            ["datasets"] = new JsonArray([.. chosen.Select(dataset => (JsonNode)dataset)]),
                            ["rows_of_each"] = rows,
                        }
                    );
                }
                else
                    terminal.RawOutput.WriteLine($"Wrote {chosen.Count} datasets of {rows} rows to {target}.");
                return ExitCodes.Success;
            }
        );
        return command;
    }

    private sealed class Rows(IProgress<EmbeddingProgress> progress, int total) : IProgress<int>
    {
        public void Report(int value) => progress.Report(new EmbeddingProgress(value, total, 0));
    }
}
