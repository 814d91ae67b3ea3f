using System.Text.Json.Nodes;
using Rge.Reports;
using Rge.Training.RunFiles;
using Rge.Training.Settings;

namespace Rge.Training.Experiments;

/// <summary>A row of an experiment's table: one measurement over all seeds. Scores are in percent.</summary>
/// <param name="Measurement">What was measured.</param>
/// <param name="Tests">Its results, one a seed.</param>
internal sealed record MeasurementSummary(MeasurementSettings Measurement, IReadOnlyList<TestResult> Tests)
{
    public string Name => Measurement.Name;

    public Spread? Average => Spread.FromShares(Tests.Select(Mean));

    /// <summary>A score by its place in the stored ones, over the seeds that have it.</summary>
    public Spread? Share(params string[] place) => Spread.FromShares(Values(place));

    /// <summary>A number by its place in the stored scores, over the seeds that have it.</summary>
    public Spread? Number(params string[] place) => Spread.From(Values(place));

    /// <summary>Tokens that a query's rationale had at the test.</summary>
    public Spread? RationaleTokens => Spread.From(Values("rationale_tokens"));

    /// <summary>A number of its runs.</summary>
    public Spread? Cost(Func<RunResult, double> number) => Spread.From(Tests.Select(test => number(test.Run)));

    /// <summary>How many points its average is above another's, over the seeds that both have, paired by seed.</summary>
    public Spread? Above(MeasurementSummary other)
    {
        var others = other.Tests.ToDictionary(test => test.Run.Seed, Mean);
        return Spread.FromShares(Tests.Where(test => others.ContainsKey(test.Run.Seed)).Select(test => Mean(test) - others[test.Run.Seed]));
    }

    /// <summary>Every measurement of an experiment, in the order of its settings; those without results too.</summary>
    public static IReadOnlyList<MeasurementSummary> In(ExperimentOutcome outcome) =>
        [
            .. outcome.Config.Measurements.Select(measurement => new MeasurementSummary(
                measurement,
                [.. outcome.Tests.Where(test => test.Measurement == measurement.Name).OrderBy(test => test.Run.Seed)]
            )),
        ];

    /// <summary>The baseline with the highest mean; null where none is measured.</summary>
    public static MeasurementSummary? BestBaseline(IEnumerable<MeasurementSummary> all) =>
        all.Where(summary => summary.Measurement.Baseline && summary.Tests.Count > 0).MaxBy(summary => summary.Average!.Value.Mean);

    private IEnumerable<double> Values(params string[] place) =>
        Tests
            .Select(test => place.Aggregate((JsonNode?)test.Scores, (node, name) => node?[name]))
            .OfType<JsonNode>()
            .Select(node => node.GetValue<double>());

    private static double Mean(TestResult test) => ScoreJson.Average(test.Scores);
}
