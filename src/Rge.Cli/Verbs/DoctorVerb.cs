using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Files;
using Rge.Models;
using Rge.Models.Tensors;
using Spectre.Console;
using TorchSharp;

namespace Rge.Cli.Verbs;

/// <summary><c>rge doctor</c>: what this machine has, and what is missing.</summary>
internal static class DoctorVerb
{
    private const string Driver = "/proc/driver/nvidia";

    public static Command Create(Terminal terminal)
    {
        var json = CommonOptions.Json();
        var command = new Command(
            "doctor",
            "Show what this machine has: processor, kernels, memory, libtorch, GPU; and what is missing, with the command that brings it."
        )
        {
            json,
        };
        command.SetAction(parsed =>
        {
            var (facts, problems, works) = Examine();
            if (parsed.GetValue(json))
                terminal.WriteJson(ToJson(facts, problems));
            else
                Print(terminal, facts, problems);
            return works ? ExitCodes.Success : ExitCodes.Failure;
        });
        return command;
    }

    private static (List<(string Name, string Value)> Facts, List<string> Problems, bool Works) Examine()
    {
        List<(string, string)> facts =
        [
            (
                "system",
                $"{RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}, {RuntimeInformation.FrameworkDescription}"
            ),
            ("processor", $"{ProcessorFeatures.Name ?? "unknown"}, {Environment.ProcessorCount} logical cores"),
            ("instructions", string.Join(", ", ProcessorFeatures.Instructions)),
            ("kernels", ProcessorFeatures.Kernels),
            ("memory", Memory()),
        ];
        List<string> problems = [];
        if (
            !ProcessorFeatures.Instructions.Contains("avx2", StringComparer.Ordinal)
            && RuntimeInformation.ProcessArchitecture == Architecture.X64
        )
            problems.Add("AVX2: this processor or virtual machine lacks it, and computes several times slower without it.");
        try
        {
            var (version, path) = TorchLibrary.Describe();
            facts.Add(
                ("libtorch", $"{version?.ToString() ?? "unknown version"}, {torch.get_num_threads()} threads, {path ?? "unknown path"}")
            );
            facts.Add(("GPU", Gpu(problems)));
            return (facts, problems, true);
        }
        catch (NativeLibraryException e)
        {
            problems.Add(e.Message);
            return (facts, problems, false);
        }
    }

    private static string Memory()
    {
        var memory = GC.GetGCMemoryInfo();
        double all = memory.TotalAvailableMemoryBytes,
            free = memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes;
        return string.Create(CultureInfo.InvariantCulture, $"{all / 1e9:N1} GB for this process, {free / 1e9:N1} GB of it free");
    }

    /// <summary>The GPUs that can be used, or why none can.</summary>
    private static string Gpu(List<string> problems)
    {
        var driver = ReadDriver();
        if (torch.cuda.is_available())
            return $"{torch.cuda.device_count()} that libtorch can use{(driver is null ? "" : $": {driver}")}";
        if (driver is null)
            return "none (no NVIDIA driver is loaded)";
        problems.Add(
            "a libtorch with CUDA: there is a GPU, and this libtorch cannot use it. "
                + $"`pip install torch=={TorchLibrary.Expected}.*` brings one; build with TorchBackend=none, and set "
                + $"{TorchLibrary.FolderVariable} to what `python3 -c 'import torch; print(torch.__path__[0])'` prints."
        );
        return driver;
    }

    /// <summary>The GPUs and the driver, as the driver for Linux tells; null without one.</summary>
    private static string? ReadDriver()
    {
        var version = Path.Combine(Driver, "version");
        if (!File.Exists(version))
            return null;
        var models = Directory
            .EnumerateFiles(Path.Combine(Driver, "gpus"), "information", SearchOption.AllDirectories)
            .SelectMany(file => FileReader.ReadText(file).Split('\n'))
            .Where(line => line.StartsWith("Model:", StringComparison.Ordinal))
            .Select(line => line["Model:".Length..].Trim());
        var driver = FileReader.ReadText(version).Split('\n')[0].Replace("NVRM version:", "driver", StringComparison.Ordinal);
        return $"{string.Join(", ", models)}; {driver}";
    }

    private static void Print(Terminal terminal, List<(string Name, string Value)> facts, List<string> problems)
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumn("").AddColumn("");
        foreach (var (name, value) in facts)
            table.AddRow(Markup.Escape(name), Markup.Escape(value));
        terminal.Output.Write(table);
        foreach (var problem in problems)
            terminal.Output.MarkupLineInterpolated($"[red]missing[/] {problem}");
        if (problems.Count == 0)
            terminal.Output.MarkupLine("[green]complete[/]: nothing is missing");
    }

    private static JsonObject ToJson(List<(string Name, string Value)> facts, List<string> problems)
    {
        var json = new JsonObject();
        foreach (var (name, value) in facts)
            json[name] = value;
        json["problems"] = new JsonArray([.. problems.Select(problem => (JsonNode)problem)]);
        return json;
    }
}
