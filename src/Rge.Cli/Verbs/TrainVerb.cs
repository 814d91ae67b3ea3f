using System.CommandLine;
using System.Globalization;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;
using Spectre.Console;

namespace Rge.Cli.Verbs;

/// <summary><c>rge train</c>: one training run.</summary>
internal static class TrainVerb
{
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<FileInfo>("CONFIG.yaml") { Description = "YAML file of settings; see configs/ and docs/training.md." };
        var set = new Option<string[]>("--set")
        {
            Description =
                "Replace settings: --set objective.temperature=0.05 phases.1.steps=200 data.weights={}. Lists and maps are written as "
                + "in YAML; null unsets what may be left out.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };
        set.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => token.Value.IndexOf('=', StringComparison.Ordinal) <= 0) is { } other)
                result.AddError($"--set is '{other.Value}', expected NAME=VALUE, such as objective.temperature=0.05.");
        });
        var output = new Option<DirectoryInfo?>("--out", "-o") { Description = "Folder of the run; artifacts/runs/NAME unless given." };
        var resume = new Option<bool>("--resume")
        {
            Description =
                "Resume a run from its last checkpoint, with the same settings; more steps, further phases, another development set "
                + "and another cadence of checkpoints are possible.",
        };
        var device = DeviceOptions.Training();
        var command = new Command(
            "train",
            "Train a model. Checkpoints, a log, a page of curves and the result are written to the run's folder; --resume continues "
                + "after a stop at any moment."
        )
        {
            file,
            set,
            output,
            resume,
            device,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var config = ConfigFile.Read<TrainingConfig>(parsed.GetRequiredValue(file).FullName, parsed.GetValue(set));
                if (parsed.GetValue(device) is { } name)
                    config = config with { Model = config.Model with { Device = name } };
                var folder = new RunFolder(
                    OutputFolder.Check(parsed.GetValue(output)?.FullName ?? Path.Combine("artifacts", "runs", config.Name))
                );
                var progress = new StepReport(terminal);
                var trainer = new Trainer(config, folder, progress);
                terminal.Error.WriteLine(ConfigFile.Write(config));
                var outcome = await trainer.RunAsync(parsed.GetValue(resume), cancellationToken);
                terminal.Remark(
                    $"{outcome.State.Step} steps in {Durations.Clock(TimeSpan.FromSeconds(outcome.State.TrainingSeconds))}; the model "
                        + $"is in {folder.Model}, the curves in {folder.Report}."
                );
                if (outcome.SkippedRows > 0)
                    terminal.Remark(
                        $"{outcome.SkippedRows} {(outcome.SkippedRows == 1 ? "row" : "rows")} could not be used and others took their "
                            + $"place: see \"skipped\" in {folder.Log}."
                    );
                if (outcome.Development is { } development)
                    terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"development hit@1 {development.Average:P1}"));
                return ExitCodes.Success;
            }
        );
        return command;
    }

    /// <summary>A line for each remark, and every few seconds one of how far the run has got.</summary>
    private sealed class StepReport(Terminal terminal) : PacedReport<TrainingProgress>(terminal, TimeSpan.FromSeconds(5))
    {
        protected override bool SaysAtOnce(TrainingProgress value)
        {
            if (value.Remark is null)
                return false;
            Terminal.Error.MarkupLineInterpolated($"{value.Remark}");
            return true;
        }

        protected override string Describe(TrainingProgress value) =>
            $"{value.Phase}: step {value.Step} of {value.Steps}, loss "
            + $"{value.Loss:0.0000}{(value.TimeLeft is { } left ? $", {Durations.Clock(left)} left" : "")}";
    }
}
