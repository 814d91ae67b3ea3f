using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Rge.Files;
using Rge.Reports;
using Rge.Training.RunFiles;
using Rge.Training.Settings;
using static Rge.Reports.Html;

namespace Rge.Training.Reports;

/// <summary>The page of a run: its curves, its scores on the development set, its settings and its provenance.</summary>
public sealed class RunReport
{
    /// <summary>A curve is smoothed over as many neighbours on either side as this part of all steps.</summary>
    private const int SmoothingShare = 120;

    /// <summary>Fields of the log that have charts of their own, or none.</summary>
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "step",
        "phase",
        "skipped",
        "development",
        "loss",
        "lm_loss",
        "lm_accuracy",
        "info_nce",
        "cell_accuracy",
        "rationale_tokens",
        "conclusion_right",
        "generation_seconds",
        "temperature",
        "gradient_norm",
        "learning_rate",
        "seconds",
    };

    private readonly TrainingConfig _config;
    private readonly string _settings;
    private readonly JsonObject? _provenance;
    private readonly JsonObject[] _steps;
    private readonly IReadOnlyList<DevelopmentScore> _development;
    private readonly List<ChartMark> _phases = [];

    /// <summary>Creates a report.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="log">The entries of the log.</param>
    /// <param name="provenance">The provenance of the run, where known.</param>
    public RunReport(TrainingConfig config, IEnumerable<JsonObject> log, JsonObject? provenance)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(log);
        JsonObject[] entries = [.. log];
        (_config, _settings, _provenance) = (config, ConfigFile.Write(config), provenance);
        _steps = [.. entries.Where(entry => entry["development"] is null)];
        _development = DevelopmentScore.In(entries);
        var begun = 0;
        foreach (var phase in config.Phases)
        {
            _phases.Add(new ChartMark(phase.Name, begun));
            begun += phase.Steps;
        }
    }

    /// <summary>Reads the files of a run so far.</summary>
    /// <remarks>The log is read up to the first line that is damaged.</remarks>
    /// <exception cref="TrainingException">The folder has no settings, or they cannot be understood.</exception>
    /// <exception cref="CheckpointException"><c>run.json</c> is no JSON object, or cannot be read.</exception>
    /// <exception cref="IOException">The log cannot be read.</exception>
    public static RunReport Read(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return new RunReport(
            ConfigFile.Read<TrainingConfig>(folder.Config),
            File.Exists(folder.Log) ? RunLog.Read(folder.Log) : [],
            folder.ReadProvenance()
        );
    }

    /// <summary>Writes the page of a run into its folder.</summary>
    public static void Write(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        AtomicFile.WriteText(folder.Report, Read(folder).ToHtml());
    }

    /// <summary>The page.</summary>
    public string ToHtml() =>
        Page(
            $"Run {_config.Name}",
            Tag(
                "p",
                Class("dim"),
                $"Lines are smoothed over {Whole(2 * Reach + 1)} steps; the measured values are shown faintly behind them."
            ),
            Tag("div", Class("tiles"), Tiles().Select(tile => Tag("div", Class("tile"), Tag("b", tile.Value), Tag("span", tile.Name)))),
            Tag("div", Class("charts"), Charts().Select(chart => chart.Draw())),
            Development(),
            Tag("h2", "What it ran on"),
            _provenance is null ? Tag("p", "Not known.") : Facts(_provenance.Select(fact => (fact.Key, Describe(fact.Value)))),
            Tag("h2", "Settings in full"),
            Tag("pre", _settings)
        );

    private int Reach => _steps.Length / SmoothingShare;

    private IEnumerable<(string Name, string Value)> Tiles()
    {
        yield return ("steps done of " + Whole(_config.Steps()), Whole(_steps.Length));
        yield return ("of training", Time(_steps.Sum(entry => Field(entry, "seconds") ?? 0)));
        if (_development is [.., var last])
        {
            yield return ("development hit@1, %", OneDigit(last.Average));
            if (last.RightConclusions is { } right)
                yield return ("right conclusions there, %", OneDigit(right));
        }
        yield return ("queries a step", Whole(_config.Data.Queries));
        if (_provenance?["parameters"] is { } parameters)
            yield return ("trained parameters", Whole(parameters.GetValue<long>()));
        yield return ("seed", _config.Seed.ToString(CultureInfo.InvariantCulture));
    }

    private IEnumerable<LineChart> Charts()
    {
        yield return Chart(
            "Loss",
            Smooth("total", "loss", IsJoint),
            Smooth("next token", "lm_loss"),
            Smooth("InfoNCE", "info_nce"),
            Smooth("cells", "loss", entry => entry["cell_accuracy"] is not null)
        ) with
        {
            IsLogarithmic = true,
        };
        yield return Chart(
            "Accuracy on the batch, %",
            Smooth("next token", "lm_accuracy", scale: 100),
            Smooth("self rationale's conclusion", "conclusion_right", scale: 100),
            Smooth("cells", "cell_accuracy", scale: 100)
        );
        yield return Chart("Self rationale, tokens", Smooth("tokens a query", "rationale_tokens"));
        yield return Chart("hit@1 on the development set, %", [.. DevelopmentSeries()]);
        yield return Chart("Learning rate", new ChartSeries("learning rate", Curve.Thin(Points("learning_rate"))));
        yield return Chart("Gradient norm, before clipping", Smooth("norm", "gradient_norm")) with
        {
            IsLogarithmic = true,
        };
        yield return Chart("Seconds a step", Smooth("all", "seconds"), Smooth("writing self rationales", "generation_seconds"));

        foreach (var name in Others())
            yield return Chart(name, Smooth(name, name));

        // Where one loss is all there is, the total would be the same line again.
        static bool IsJoint(JsonObject entry) => entry["lm_loss"] is not null && entry["info_nce"] is not null;
    }

    /// <summary>Measures of tasks that this page does not know.</summary>
    private IEnumerable<string> Others() =>
        _steps
            .SelectMany(entry => entry)
            .Where(field => !Known.Contains(field.Key) && field.Value?.GetValueKind() == JsonValueKind.Number)
            .Select(field => field.Key)
            .Distinct(StringComparer.Ordinal);

    private LineChart Chart(string title, params ChartSeries[] series) =>
        new()
        {
            Title = title,
            Series = series,
            FromZero = true,
            Marks = _phases.Count > 1 ? _phases : [],
        };

    private ChartSeries Smooth(string name, string field, Func<JsonObject, bool>? counts = null, double scale = 1)
    {
        var points = Points(field, counts, scale);
        var smooth = Curve.Smooth(points, Reach, [.. _phases.Select(phase => phase.X + 1)]);
        return new ChartSeries(name, Curve.Thin(smooth)) { Behind = [Curve.Thin(points)] };
    }

    private List<ChartPoint> Points(string field, Func<JsonObject, bool>? counts = null, double scale = 1) =>
        [
            .. from entry in _steps
            where counts?.Invoke(entry) ?? true
            let value = Field(entry, field)
            where value is not null
            select new ChartPoint(entry["step"]!.GetValue<int>(), scale * value.Value),
        ];

    private IEnumerable<ChartSeries> DevelopmentSeries()
    {
        yield return Series("average", score => score.Average);
        foreach (var group in Groups())
            yield return Series(group, score => score.Group(group) ?? double.NaN);

        ChartSeries Series(string name, Func<DevelopmentScore, double> value) =>
            new(name, [.. _development.Select(score => new ChartPoint(score.Step, value(score)))]) { HasDots = true };
    }

    private IEnumerable<XElement> Development()
    {
        if (_development.Count == 0)
            yield break;
        yield return Tag("h2", "Development set");
        yield return Table(
            ["step", "training", .. Groups(), "average, %", "right conclusions, %", "rationale tokens"],
            _development.Select(score =>
                (string[])
                    [
                        Whole(score.Step),
                        Time(score.Seconds),
                        .. Groups().Select(group => OneDigit(score.Group(group))),
                        OneDigit(score.Average),
                        OneDigit(score.RightConclusions),
                        OneDigit(score.RationaleTokens),
                    ]
            )
        );
    }

    private IEnumerable<string> Groups() => _development is [.., var last] ? last.Groups : [];

    private static double? Field(JsonObject entry, string name) => entry[name]?.GetValue<double>();

    private static string Describe(JsonNode? fact) =>
        fact is JsonObject several ? string.Join(", ", several.Select(one => $"{one.Key}: {one.Value}")) : fact?.ToString() ?? "unknown";

    private static string OneDigit(double? value) => value?.ToString("0.0", CultureInfo.InvariantCulture) ?? "";

    private static string Whole(double value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Time(double seconds) => TimeSpan.FromSeconds(seconds).ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture);
}
