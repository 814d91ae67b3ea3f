using System.CommandLine;
using System.Globalization;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Training.Experiments;
using Rge.Training.Settings;
using Spectre.Console;

namespace Rge.Cli.Verbs;

/// <summary><c>rge experiment</c>: trains and compares variants over several seeds, and reports.</summary>
internal static class ExperimentVerb
{
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<FileInfo>("CONFIG.yaml")
        {
            Description =
                "Settings of the experiment; see configs/headline.yaml. With --report-only also the report.json of one whose runs are "
                + "gone.",
        };
        var output = new Option<DirectoryInfo?>("--out", "-o")
        {
            Description = "Folder of runs and reports; artifacts/experiments/NAME unless given.",
        };
        var jobs = new Option<int>("--jobs", "-j") { Description = "Runs at the same time.", DefaultValueFactory = _ => 1 };
        var device = DeviceOptions.Training();
        var reportOnly = new Option<bool>("--report-only") { Description = "Report what is done so far, without training or measuring." };
        var json = CommonOptions.Json();
        var command = new Command(
            "experiment",
            "Compare ways of training over several seeds: choose settings on the development set, train, measure on the test set, "
                + "report. Resumes where it was stopped."
        )
        {
            file,
            output,
            jobs,
            device,
            reportOnly,
            json,
        };
        CommonOptions.AtLeast(jobs, 1);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var path = parsed.GetRequiredValue(file).FullName;
                if (Path.GetExtension(path) == ".json")
                {
                    if (!parsed.GetValue(reportOnly))
                        throw new CliException(
                            $"{path} is a report and has no runs to train, expected --report-only, or the YAML file of an experiment."
                        );
                    Print(
                        terminal,
                        ExperimentReport.Read(path),
                        OutputFolder.Check(parsed.GetValue(output)?.FullName ?? Path.GetDirectoryName(path)!),
                        parsed.GetValue(json)
                    );
                    return ExitCodes.Success;
                }
                var config = ConfigFile.Read<ExperimentConfig>(path);
                if (parsed.GetValue(device) is { } name)
                    config = config with { Device = name };
                var folder = OutputFolder.Check(parsed.GetValue(output)?.FullName ?? Path.Combine("artifacts", "experiments", config.Name));
                if (parsed.GetValue(reportOnly) && !Directory.Exists(folder))
                    throw new CliException(
                        $"There is no folder {folder}, which --report-only reads the runs from; name it by --out, or leave "
                            + "--report-only out to train."
                    );
                var experiment = new Experiment(config, Path.GetDirectoryName(path)!, folder, new StageReport(terminal));
                try
                {
                    if (!parsed.GetValue(reportOnly))
                        await experiment.RunAsync(parsed.GetValue(jobs), cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    Print(terminal, new ExperimentReport(experiment.Read()), folder, parsed.GetValue(json));
                    throw;
                }
                Print(terminal, new ExperimentReport(experiment.Read()), folder, parsed.GetValue(json));
                return ExitCodes.Success;
            }
        );
        return command;
    }

    private static void Print(Terminal terminal, ExperimentReport report, string folder, bool asJson)
    {
        var paths = report.Write(folder);
        if (asJson)
        {
            terminal.WriteJson(report.ToJson());
            return;
        }
        terminal.RawOutput.WriteLine(report.Summary());
        foreach (var path in paths)
            terminal.RawOutput.WriteLine(path);
    }

    /// <summary>A line for each remark, and every few seconds one of how far the stage has got.</summary>
    private sealed class StageReport(Terminal terminal) : PacedReport<ExperimentProgress>(terminal, TimeSpan.FromSeconds(10))
    {
        private (string Stage, DateTime Time, double Completed)? _begun;

        protected override bool SaysAtOnce(ExperimentProgress value)
        {
            if (value.Remark is null)
                return false;
            Terminal.Error.MarkupLineInterpolated(
                CultureInfo.InvariantCulture,
                $"{value.Stage} {value.Done}/{value.Total}  {value.Remark}"
            );
            return true;
        }

        protected override string Describe(ExperimentProgress value) =>
            $"{value.Stage} {value.Done}/{value.Total}  {value.Now}{TimeLeft(value)}";

        /// <summary>By the speed of the stage since its first step in this process: what was done before took no time now.</summary>
        private string TimeLeft(ExperimentProgress value)
        {
            if (_begun?.Stage != value.Stage)
                _begun = (value.Stage, DateTime.UtcNow, value.Completed);
            var (_, time, completed) = _begun.Value;
            if (value.Completed <= completed)
                return "";
            var left = (DateTime.UtcNow - time) * ((value.Total - value.Completed) / (value.Completed - completed));
            return $", {Durations.Clock(left)} left of {value.Stage}";
        }
    }
}
