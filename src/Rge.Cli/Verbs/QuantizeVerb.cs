using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Models;
using Rge.Models.Checkpoints;

namespace Rge.Cli.Verbs;

/// <summary><c>rge quantize</c>: writes a checkpoint with weights of few bits.</summary>
internal static class QuantizeVerb
{
    public static Command Create(Terminal terminal)
    {
        var folder = new Argument<DirectoryInfo>("DIR") { Description = "Checkpoint folder; its weights may be of few bits already." };
        var weights = new Option<string>("--weights")
        {
            Description = "What the linear layers' weights are rounded to: 8 bits, or 4.",
            Required = true,
        };
        weights.AcceptOnlyFromAmong("int8", "int4");
        var output = new Option<DirectoryInfo>("--out") { Description = "Folder to write, another than DIR.", Required = true };
        var adapter = new Option<DirectoryInfo?>("--adapter") { Description = "LoRA or DoRA adapter folder, merged before rounding." };
        var dtype = DTypes.Option("Number type of the other weights, and of activations.", "bfloat16");
        var json = CommonOptions.Json();
        var command = new Command("quantize", "Write a copy of a checkpoint whose linear layers have weights of 8 or 4 bits.")
        {
            folder,
            weights,
            output,
            adapter,
            dtype,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var source = parsed.GetRequiredValue(folder).FullName;
                var target = OutputFolder.Check(parsed.GetRequiredValue(output).FullName);
                RequireNew(target, output.Name);
                var lora = parsed.GetValue(adapter)?.FullName;
                var options = new QwenVlModelOptions
                {
                    Weights = WeightFormats.Parse(parsed.GetRequiredValue(weights)),
                    DType = DTypes.Parse(parsed.GetValue(dtype)),
                    Adapter = lora,
                };
                var bytes = await ProgressReport.RunAsync(
                    terminal,
                    "rounding",
                    (LoadProgress p) => (p.Loaded, p.Total),
                    progress => Task.Run(() => Write(source, lora, target, options, progress, cancellationToken), cancellationToken)
                );
                if (parsed.GetValue(json))
                    terminal.WriteJson(
                        new JsonObject
                        {
                            ["folder"] = target,
                            ["weights"] = parsed.GetRequiredValue(weights),
                            ["dtype"] = parsed.GetValue(dtype),
                            ["bytes"] = bytes,
                        }
                    );
                else
                    terminal.RawOutput.WriteLine(
                        string.Create(CultureInfo.InvariantCulture, $"Wrote {bytes / 1e6:N1} MB of weights to {target}.")
                    );
                return ExitCodes.Success;
            }
        );
        return command;
    }

    private static long Write(
        string source,
        string? adapter,
        string target,
        QwenVlModelOptions options,
        IProgress<LoadProgress> progress,
        CancellationToken cancellationToken
    )
    {
        using var model = QwenVlModel.LoadWithProgress(source, options, progress, cancellationToken);
        Directory.CreateDirectory(target);
        CheckpointFiles.CopyBeside(source, target);
        if (adapter is not null)
            CheckpointFiles.CopyBeside(adapter, target);
        // Ends with config.json, without which a folder is no checkpoint.
        model.Save(target, cancellationToken: cancellationToken);
        using var written = Checkpoint.Open(target);
        return written.ByteLength;
    }

    private static void RequireNew(string target, string option)
    {
        if (File.Exists(Path.Combine(target, QwenVlConfig.FileName)))
            throw new CliException($"{target} holds a checkpoint already; name another folder by {option}, or delete it first.");
    }
}
