using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Verification;
using Spectre.Console;
using static TorchSharp.torch;

namespace Rge.Cli.Verbs;

/// <summary><c>rge verify</c>: compares this implementation with reference vectors.</summary>
internal static class VerifyVerb
{
    public static Command Create(Terminal terminal)
    {
        var folder = new Argument<DirectoryInfo>("DIR") { Description = "Folder of reference vectors: model/, images/, cases.json and tensors; or tokenizer files and cases.json alone." };
        var dtype = DTypes.Option("Number type to run in: float32 is held to every quantity, the others to the cosine of the embeddings.", "float32");
        var device = DeviceOptions.Running();
        var json = CommonOptions.Json();
        var command = new Command("verify", "Compare this implementation with a folder of reference vectors; exit code 1 when a difference is beyond its tolerance.") { folder, dtype, device, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = new VerificationOptions { DType = DTypes.Parse(parsed.GetValue(dtype)) ?? ScalarType.Float32, Device = DeviceOptions.Resolve(parsed.GetRequiredValue(device)) };
            var rows = await ReferenceVectors.CheckAsync(parsed.GetRequiredValue(folder).FullName, options, cancellationToken: cancellationToken);
            if (options.DType == ScalarType.Float32) rows = [.. rows, .. JointCheck.Run(parsed.GetRequiredValue(folder).FullName)];
            if (rows.All(row => !row.IsPresent)) throw new CliException($"{parsed.GetRequiredValue(folder)} holds no reference vectors.");
            if (parsed.GetValue(json)) terminal.WriteJson(new JsonArray([.. rows.Select(ToJson)]));
            else Print(terminal, rows);
            return rows.All(row => row.Passed) ? ExitCodes.Success : ExitCodes.Failure;
        });
        return command;
    }

    private static void Print(Terminal terminal, IReadOnlyList<VerificationRow> rows)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("quantity").AddColumn(new TableColumn("cases").RightAligned())
            .AddColumn(new TableColumn("largest difference").RightAligned()).AddColumn(new TableColumn("tolerance").RightAligned()).AddColumn("measure").AddColumn("");
        foreach (var row in rows)
        {
            if (row.IsPresent) table.AddRow(row.Quantity, row.Cases.ToString(CultureInfo.InvariantCulture), Number(row.LargestDifference), Number(row.Tolerance), row.Measure, row.Passed ? "[green]ok[/]" : "[red]beyond[/]");
            else table.AddRow($"[dim]{row.Quantity}[/]", "", "", "", "[dim]not in this folder[/]", "");
        }
        terminal.Output.Write(table);
        foreach (var row in rows.Where(row => !row.Passed)) terminal.Output.MarkupLineInterpolated($"[red]{row.Quantity}[/]: {row.WorstCase}");
    }

    private static JsonNode ToJson(VerificationRow row) => new JsonObject
    {
        ["quantity"] = row.Quantity,
        ["measure"] = row.Measure,
        ["cases"] = row.Cases,
        ["largest_difference"] = double.IsFinite(row.LargestDifference) ? row.LargestDifference : null,
        ["tolerance"] = row.Tolerance,
        ["passed"] = row.IsPresent ? row.Passed : null,
        ["worst_case"] = row.WorstCase,
    };

    private static string Number(double value) => value.ToString("0.##E+0", CultureInfo.InvariantCulture) is var text && value is >= 0.01 or 0 ? value.ToString("0.####", CultureInfo.InvariantCulture) : text;
}
