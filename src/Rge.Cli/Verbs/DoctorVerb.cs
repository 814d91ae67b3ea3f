using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Files;
using Rge.Models;
using Rge.Models.Tensors;
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
                FactSheet.Print(terminal, facts, problems, "nothing is missing");
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
            ("memory", MachineMemory.Describe()),
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

    /// <summary>The GPUs that can be used, or why none can.</summary>
    private static string Gpu(List<string> problems)
    {
        var driver = ReadDriver();
        if (torch.cuda.is_available())
            return $"{torch.cuda.device_count()} that libtorch can use{(driver is null ? "" : $": {driver}")}";
        if (driver is null)
            return "none found";
        problems.Add(
            "a libtorch with CUDA: there is a GPU, and this libtorch cannot use it. "
                + $"`pip install torch=={TorchLibrary.Expected}.*` brings one; build with TorchBackend=none, and set "
                + $"{TorchLibrary.FolderVariable} to what `python3 -c 'import torch; print(torch.__path__[0])'` prints."
        );
        return driver;
    }

    /// <summary>The GPUs and the driver, as the driver for Linux tells; null without one.</summary>
    /// <param name="folder">Where the driver tells it. It may show its version alone, as in containers and virtual machines.</param>
    internal static string? ReadDriver(string folder = Driver)
    {
        if (Try(() => FileReader.ReadText(Path.Combine(folder, "version"))) is not { } version)
            return null;
        var models = Try(() =>
            Directory
                .GetFiles(Path.Combine(folder, "gpus"), "information", SearchOption.AllDirectories)
                .SelectMany(file => FileReader.ReadText(file).Split('\n'))
                .Where(line => line.StartsWith("Model:", StringComparison.Ordinal))
                .Select(line => line["Model:".Length..].Trim())
                .ToArray()
        ) ?? [];
        var driver = version.Split('\n')[0].Replace("NVRM version:", "driver", StringComparison.Ordinal);
        return $"{(models.Length == 0 ? "unknown model" : string.Join(", ", models))}; {driver}";
    }

    /// <summary>What a file of the system tells; null for one that is not there or may not be read.</summary>
    private static T? Try<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
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
