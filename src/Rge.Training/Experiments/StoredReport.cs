using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Files;
using Rge.Reports;
using Rge.Training.RunFiles;
using Rge.Training.Settings;

namespace Rge.Training.Experiments;

/// <summary>
/// What a report.json has of an experiment whose runs need not be there any more. Averages are computed again from the scores of the
/// datasets.
/// </summary>
/// <param name="Outcome">The results.</param>
/// <param name="AtEqual">The comparisons on the development set.</param>
/// <param name="Provenance">What the runs ran on.</param>
internal sealed record StoredReport(
    ExperimentOutcome Outcome,
    IReadOnlyList<EqualCost> AtEqual,
    IReadOnlyList<(string Fact, string[] Values)> Provenance
)
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a report.</summary>
    /// <exception cref="TrainingException">The file cannot be read, or is not such a report.</exception>
    public static StoredReport Read(string path)
    {
        try
        {
            var report = JsonNode.Parse(FileReader.ReadText(path), documentOptions: Strict)!.AsObject();
            var config = ConfigFile.Parse<ExperimentConfig>(report["settings"]!.GetValue<string>(), path);
            RunResult[] runs = [.. report["runs"]!.AsArray().Select(Run)],
                tuning = [.. report["tuning"]!.AsArray().Select(Run)];
            return new StoredReport(
                new ExperimentOutcome
                {
                    Config = config,
                    Pretraining = new RunFolder(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "pretraining")),
                    Tuning = tuning,
                    Chosen = report["chosen"]!
                        .AsObject()
                        .ToDictionary(pair => pair.Key, pair => Strings(pair.Value), StringComparer.Ordinal),
                    Runs = runs,
                    Folders = new Dictionary<string, RunFolder>(StringComparer.Ordinal),
                    Tests = [.. report["measurements"]!.AsArray().SelectMany(measurement => Tests(measurement!, runs))],
                    Notes = Strings(report["notes"]),
                },
                [.. (report["development_at_equal_cost"]?.AsArray() ?? []).Select(AtEqualCost)],
                [.. report["provenance"]!.AsObject().Select(pair => (pair.Key, Strings(pair.Value).ToArray()))]
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
        catch (Exception e)
            when (e
                    is JsonException
                        or NullReferenceException
                        or InvalidOperationException
                        or FormatException
                        or OverflowException
                        or KeyNotFoundException
            )
        {
            throw new TrainingException($"{path} is no report of an experiment, expected the report.json that 'rge experiment' writes.", e);
        }
    }

    private static IEnumerable<TestResult> Tests(JsonNode measurement, RunResult[] runs) =>
        from scores in measurement["scores_by_seed"]!.AsObject()
        let run = runs.First(run =>
            run.Variant == measurement["variant"]!.GetValue<string>()
            && run.Seed == long.Parse(scores.Key, System.Globalization.CultureInfo.InvariantCulture)
        )
        select new TestResult(measurement["name"]!.GetValue<string>(), run, scores.Value!.DeepClone().AsObject());

    private static RunResult Run(JsonNode? run) =>
        new()
        {
            Variant = run!["variant"]!.GetValue<string>(),
            Seed = run["seed"]!.GetValue<long>(),
            Choice = Strings(run["choice"]),
            Steps = run["steps"]!.GetValue<int>(),
            Seconds = run["training_seconds"]!.GetValue<double>(),
            Queries = run["training_queries"]?.GetValue<long>() ?? 0,
            GeneratedTokens = run["training_generated_tokens"]?.GetValue<long>() ?? 0,
            // Reports of earlier versions have the mean alone.
            Development = run["development"]?.DeepClone().AsObject()
                ?? new JsonObject { ["average"] = run["development_average"]!.GetValue<double>() / 100 },
        };

    private static EqualCost AtEqualCost(JsonNode? comparison) =>
        new(
            comparison!["cost"]!.GetValue<string>(),
            comparison["limit"]!.GetValue<double>(),
            [
                .. comparison["variants"]!
                    .AsArray()
                    .Select(row => new EqualCostRow
                    {
                        Variant = row!["variant"]!.GetValue<string>(),
                        Steps = Spread(row["steps"]),
                        Seconds = Spread(row["training_seconds"]),
                        Groups = row["groups"]!
                            .AsObject()
                            .ToDictionary(group => group.Key, group => Spread(group.Value), StringComparer.Ordinal),
                        Average = Spread(row["average"]),
                    }),
            ]
        );

    private static Spread? Spread(JsonNode? spread) =>
        spread is null
            ? null
            : new Spread(spread["mean"]!.GetValue<double>(), spread["deviation"]?.GetValue<double>(), spread["count"]!.GetValue<int>());

    private static IReadOnlyList<string> Strings(JsonNode? values) =>
        [.. (values?.AsArray() ?? []).Select(value => value!.GetValue<string>())];
}
