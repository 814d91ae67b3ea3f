using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Evaluation;
using Rge.Reports;
using Rge.Training.RunFiles;

namespace Rge.Training.Experiments;

/// <summary>The tables of an experiment's report.</summary>
internal sealed class ExperimentTables
{
    private const string MeanAndSpread = "Percent, mean ± sample standard deviation over seeds.";

    private static readonly string[] ProvenanceFacts = ["rge", "torchsharp", "runtime", "system", "processors", "commit"];

    private readonly ExperimentOutcome _outcome;

    /// <summary>Creates the tables of runs on disk.</summary>
    /// <param name="outcome">The results of the experiment.</param>
    /// <param name="development">What its runs measured on the development set.</param>
    public ExperimentTables(ExperimentOutcome outcome, ILookup<string, DevelopmentScore[]> development)
        : this(outcome)
    {
        var measured = Measured.Select(summary => summary.Measurement.Variant).ToHashSet(StringComparer.Ordinal);
        (string, DevelopmentScore[][])[] variants =
        [
            .. from variant in outcome.Config.Variants
            where measured.Contains(variant.Name) && development.Contains(variant.Name)
            select (variant.Name, development[variant.Name].ToArray()),
        ];
        AtEqual =
        [
            EqualCost.Compute(EqualCost.Steps, variants, Groups, score => score.Step),
            EqualCost.Compute(EqualCost.Seconds, variants, Groups, score => score.Seconds),
        ];
        var runs = outcome
            .Folders.Values.Append(outcome.Pretraining)
            .Select(folder => folder.ReadProvenance())
            .OfType<JsonObject>()
            .ToArray();
        Provenance =
        [
            .. ProvenanceFacts.Select(fact =>
                (fact, runs.Select(run => run[fact]?.ToString()).OfType<string>().Distinct(StringComparer.Ordinal).ToArray())
            ),
        ];
    }

    /// <summary>Creates the tables of an existing report.</summary>
    public ExperimentTables(StoredReport report)
        : this(report.Outcome) => (AtEqual, Provenance) = (report.AtEqual, report.Provenance);

    private ExperimentTables(ExperimentOutcome outcome)
    {
        _outcome = outcome;
        Measured = [.. MeasurementSummary.In(outcome).Where(summary => summary.Tests.Count > 0)];
        Baseline = MeasurementSummary.BestBaseline(Measured);
        (Groups, Datasets) = (Names("groups"), Names("datasets"));
    }

    /// <summary>What was measured on the test set.</summary>
    public IReadOnlyList<MeasurementSummary> Measured { get; }

    /// <summary>The meta-tasks, in order.</summary>
    public IReadOnlyList<string> Groups { get; }

    /// <summary>The datasets, in order.</summary>
    public IReadOnlyList<string> Datasets { get; }

    /// <summary>The baseline that the others are compared with; null without one.</summary>
    public MeasurementSummary? Baseline { get; }

    /// <summary>The provenance of the runs: each fact with its values, one where they agree.</summary>
    public IReadOnlyList<(string Fact, string[] Values)> Provenance { get; } = [];

    /// <summary>Development scores of the variants at equal steps and at equal time.</summary>
    public IReadOnlyList<EqualCost> AtEqual { get; } = [];

    /// <summary>All tables, that of <see cref="Scores"/> first; those without rows are left out.</summary>
    public IEnumerable<ReportTable> All() =>
        (
            (ReportTable[])
                [
                    Scores(),
                    .. Measured.Where(summary => summary.Measurement.Queries == QueryRationale.Auto).Select(Thresholds),
                    .. AtEqual.Select(Development),
                    Costs(),
                    Conclusions(),
                    ByDataset(),
                    TokensByDataset(),
                    ConclusionsByDataset(),
                    Tuning(),
                    Runs(),
                    Origins(),
                ]
        ).Where(table => table.Rows.Count > 0);

    /// <summary>hit@1 of every measurement: the main table of an experiment.</summary>
    public ReportTable Scores()
    {
        var test = _outcome.Config.Test;
        var note =
            $"{MeanAndSpread} {test.Queries} queries of each dataset, seed {test.Seed} of ShapeWorld's test split, which no choice was "
            + "made on. The average is the mean of the datasets, as MMEB has it.";
        if (Baseline is not null)
            note += $" Points above the best baseline, \"{Baseline.Name}\", are taken seed by seed.";
        return new ReportTable(
            "hit@1 on the test set",
            note,
            ["measurement", .. Groups, "average", .. Baseline is null ? (string[])[] : ["above best baseline"], "seeds"],
            [
                .. Measured.Select(summary =>
                    (string[])
                        [
                            summary.Name,
                            .. Groups.Select(group => Text(summary.Share("groups", group))),
                            Text(summary.Average),
                            .. Baseline is null
                                ? (string[])[]
                                : [summary == Baseline ? "" : summary.Above(Baseline)?.ToSignedString() ?? ""],
                            string.Join(' ', summary.Tests.Select(result => result.Run.Seed.ToString(CultureInfo.InvariantCulture))),
                        ]
                ),
            ]
        );
    }

    /// <summary>What a gate scores at each threshold.</summary>
    private static ReportTable Thresholds(MeasurementSummary summary)
    {
        var points = summary.Tests[0].Scores["curve"]!.AsArray().Count;
        return new ReportTable(
            $"{summary.Name}: rationales traded for accuracy",
            $"{MeanAndSpread} Queries are embedded without a rationale from this probability on; the first row has none, the last always one.",
            ["threshold", "average", "tokens written a query", "without a rationale, %"],
            [.. Enumerable.Range(0, points).Select(Row)]
        );

        string[] Row(int point) =>
            [
                Values(point, "threshold").Any() ? Values(point, "threshold").First().ToString("0.00", CultureInfo.InvariantCulture) : "",
                Text(Spread.FromShares(Values(point, "average"))),
                Text(Spread.From(Values(point, "rationale_tokens"))),
                Text(Spread.FromShares(Values(point, "direct"))),
            ];

        IEnumerable<double> Values(int point, string name) =>
            summary.Tests.Select(test => test.Scores["curve"]![point]![name]).OfType<JsonNode>().Select(node => node.GetValue<double>());
    }

    private ReportTable Development(EqualCost comparison) =>
        new(
            $"Development set, at equal {comparison.Cost}",
            $"{MeanAndSpread} Of each run the measurement that is nearest to {Whole(comparison.Limit)} {comparison.Cost}, when the "
                + "first variant was done; queries are embedded as in training.",
            ["variant", "steps", "training, s", .. Groups, "average"],
            [
                .. comparison.Variants.Select(row =>
                    (string[])
                        [
                            row.Variant,
                            Whole(row.Steps),
                            Whole(row.Seconds),
                            .. Groups.Select(group => Text(row.Groups.GetValueOrDefault(group))),
                            Text(row.Average),
                        ]
                ),
            ]
        );

    private ReportTable Costs() =>
        new(
            "What it took",
            "The pretraining, which all variants share, is not counted. Training time is that of the steps, without measurements and "
                + "checkpoints.",
            ["measurement", "steps", "training, s", "queries seen", "tokens written in training", "rationale tokens a query at test"],
            [
                .. Measured.Select(summary =>
                    (string[])
                        [
                            summary.Name,
                            Whole(summary.Cost(run => run.Steps)),
                            Whole(summary.Cost(run => run.Seconds)),
                            Whole(summary.Cost(run => run.Queries)),
                            Whole(summary.Cost(run => run.GeneratedTokens)),
                            Text(summary.RationaleTokens),
                        ]
                ),
            ]
        );

    private ReportTable Conclusions() =>
        new(
            "Where the rationale's conclusion was right, and where not",
            "A conclusion is what follows a rationale's last \"so\", or all of it without one; it is right where it is the oracle's. "
                + "An embedding that only copies its rationale hits nothing on wrong conclusions.",
            ["measurement", "conclusions right, %", "hit@1 where right", "hit@1 where wrong"],
            [
                .. Measured
                    .Where(Concludes)
                    .Select(summary =>
                        (string[])
                            [
                                summary.Name,
                                Text(summary.Share("conclusion_right")),
                                Text(summary.Share("hit_at_1_when_conclusion_right")),
                                Text(summary.Share("hit_at_1_when_conclusion_wrong")),
                            ]
                    ),
            ]
        );

    private ReportTable ByDataset() =>
        PerDataset("hit@1 by dataset", MeanAndSpread, Measured, (summary, dataset) => Text(summary.Share("datasets", dataset, "hit_at_1")));

    private ReportTable TokensByDataset() =>
        PerDataset(
            "Tokens written by dataset",
            "A query, <emb> included; a choice for <emb> at once is one token.",
            Measured.Where(summary => summary.RationaleTokens is { Mean: > 0 }),
            (summary, dataset) => Text(summary.Number("datasets", dataset, "rationale_tokens"))
        );

    private ReportTable ConclusionsByDataset() =>
        PerDataset(
            "Rationales by dataset",
            "Percent of conclusions that are right, and in brackets of rationales that are the oracle's word for word. An oracle that "
                + "writes nothing concludes nothing.",
            Measured.Where(Concludes),
            (summary, dataset) =>
                (
                    $"{Text(summary.Share("datasets", dataset, "conclusion_right"))} "
                    + $"({Text(summary.Share("datasets", dataset, "rationale_right"))})"
                ).TrimStart()
        );

    private ReportTable PerDataset(
        string title,
        string note,
        IEnumerable<MeasurementSummary> columns,
        Func<MeasurementSummary, string, string> cell
    )
    {
        MeasurementSummary[] shown = [.. columns];
        return new ReportTable(
            title,
            note,
            ["dataset", .. shown.Select(summary => summary.Name)],
            shown.Length == 0
                ? []
                : [.. Datasets.Select(dataset => (string[])[dataset, .. shown.Select(summary => cell(summary, dataset))])]
        );
    }

    private ReportTable Tuning()
    {
        var tuned = _outcome
            .Config.Variants.Where(variant => variant.Tune.Count > 0)
            .Select(variant => variant.Name)
            .ToHashSet(StringComparer.Ordinal);
        return new ReportTable(
            "Choices",
            $"Made on the development set with seed {_outcome.Config.Seeds[0]}, for all seeds.",
            ["variant", "tried", "development hit@1, %", "training, s", "chosen"],
            [
                .. _outcome
                    .Tuning.Where(run => tuned.Contains(run.Variant))
                    .Select(run =>
                        (string[])
                            [
                                run.Variant,
                                string.Join(", ", run.Choice),
                                Percent(run.DevelopmentAverage),
                                Whole(run.Seconds),
                                IsChosen(run) ? "chosen" : "",
                            ]
                    ),
            ]
        );

        bool IsChosen(RunResult run) =>
            _outcome.Chosen.TryGetValue(run.Variant, out var chosen) && chosen.SequenceEqual(run.Choice, StringComparer.Ordinal);
    }

    private ReportTable Runs() =>
        new(
            "Runs",
            "",
            ["run", "seed", "steps", "training, s", "queries seen", "tokens written", "development hit@1, %"],
            [
                .. _outcome.Runs.Select(run =>
                    (string[])
                        [
                            run.Name,
                            run.Seed.ToString(CultureInfo.InvariantCulture),
                            Whole(run.Steps),
                            Whole(run.Seconds),
                            Whole(run.Queries),
                            Whole(run.GeneratedTokens),
                            Percent(run.DevelopmentAverage),
                        ]
                ),
            ]
        );

    private ReportTable Origins() =>
        new(
            "What it ran on",
            "Of all runs; several values where they differ.",
            ["what", "value"],
            [.. Provenance.Where(fact => fact.Values.Length > 0).Select(fact => (string[])[fact.Fact, string.Join("; ", fact.Values)])]
        );

    private static bool Concludes(MeasurementSummary summary) => summary.Share("conclusion_right") is not null;

    private string[] Names(string of) =>
        [
            .. Measured
                .SelectMany(summary => summary.Tests)
                .SelectMany(test => test.Scores[of] as JsonObject ?? [])
                .Select(pair => pair.Key)
                .Distinct(StringComparer.Ordinal),
        ];

    private static string Text(Spread? spread) => spread?.ToString() ?? "";

    /// <summary>Counts that are the same for all seeds stand without a deviation.</summary>
    private static string Whole(Spread? spread) =>
        spread is { Deviation: > 0.5 } several ? several.ToString("#,0")
        : spread is { } one ? Whole(one.Mean)
        : "";

    private static string Whole(double value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);
}
