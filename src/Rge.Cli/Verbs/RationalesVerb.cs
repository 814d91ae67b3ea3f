using System.CommandLine;
using System.Globalization;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Oracle;
using Spectre.Console;

namespace Rge.Cli.Verbs;

/// <summary><c>rge rationales</c>: has oracle rationales written for training rows.</summary>
internal static class RationalesVerb
{
    public static Command Create(Terminal terminal)
    {
        var options = new RationaleOptions();
        var dryRun = new Option<bool>("--dry-run")
        {
            Description = "Print the first request as it would be sent, with sizes in place of images; send and write nothing.",
        };
        var json = CommonOptions.Json();
        var command = new Command(
            "rationales",
            "Have oracle rationales written for training rows by a model behind an OpenAI-compatible endpoint, and check them. The "
                + "same command resumes after a stop at any moment."
        )
        {
            dryRun,
            json,
        };
        options.AddTo(command);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var (address, model, prompt, settings) = (
                    options.Endpoint(parsed),
                    options.Model(parsed),
                    options.Prompt(parsed),
                    options.Settings(parsed)
                );
                OutputFolder.Check(settings.Output);
                var job = new RationaleJob(settings, new RowReport(terminal, settings));
                if (parsed.GetValue(dryRun))
                {
                    terminal.RawOutput.WriteLine(
                        await RequestPreview.OfAsync(
                            address,
                            model,
                            prompt,
                            job.Asking,
                            await job.FirstRowAsync(cancellationToken),
                            cancellationToken
                        )
                    );
                    return ExitCodes.Success;
                }
                using var endpoint = OracleEndpoint.Connect(address, model, options.ApiKey(parsed));
                var report = await job.RunAsync(endpoint, prompt, cancellationToken);
                if (parsed.GetValue(json))
                    terminal.WriteJson(report.ToJson());
                else
                    terminal.RawOutput.WriteLine(report.Summary());
                var page = Path.Combine(settings.Output, "report.md");
                if (report.Kept == 0)
                    throw new CliException($"No rationale is kept; {page} says why.");
                terminal.Remark(
                    $"{page} says what was left out and why. To train: rge train CONFIG.yaml --set data.folder={settings.Output} "
                        + $"data.images={settings.Images ?? settings.Data}"
                );
                return ExitCodes.Success;
            }
        );
        return command;
    }

    /// <summary>A line for each remark, and every few seconds one of how far the run has got.</summary>
    private sealed class RowReport(Terminal terminal, RationaleSettings settings)
        : PacedReport<RationaleProgress>(terminal, TimeSpan.FromSeconds(5))
    {
        private string? _said;

        protected override bool SaysAtOnce(RationaleProgress value)
        {
            // What makes one request wait makes those beside it wait as well.
            if (value.Remark is not null && value.Remark != _said)
                Terminal.Error.MarkupLineInterpolated($"{_said = value.Remark}");
            return false;
        }

        protected override string Describe(RationaleProgress value)
        {
            var text = string.Create(
                CultureInfo.InvariantCulture,
                $"{value.Phase}: {value.Done} of {value.Total} rows, {value.Failed} without a rationale"
            );
            if (value.InputTokens > 0)
                text += string.Create(CultureInfo.InvariantCulture, $", {value.InputTokens} tokens sent, {value.OutputTokens} written");
            if (settings.Cost(value.InputTokens, value.OutputTokens) is > 0 and var cost)
                text += string.Create(CultureInfo.InvariantCulture, $", cost {cost:0.00##}");
            if (value.TimeLeft is { } left)
                text += $", {Durations.Clock(left)} left";
            return text;
        }
    }
}
