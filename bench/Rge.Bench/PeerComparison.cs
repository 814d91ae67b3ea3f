using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rge.Bench;

/// <summary>
/// This project, transformers and llama.cpp on one machine, in turn, several rounds: every program in a process of its own, so that one's
/// memory and threads are no burden to the next. Prints the builds of the peers, and the medians of the rounds and their ratios as Markdown.
/// </summary>
/// <param name="peers">Root of the folder that holds the peers, which run there under chroot; bench/README.md says what is in it.</param>
internal sealed class PeerComparison(string peers)
{
    private const string Transformers = "transformers",
        LlamaCpp = "llama.cpp",
        Ours = "rge";

    private readonly Dictionary<(string Program, string Quantity), List<double>> _values = [];

    public void Run(int rounds)
    {
        Console.WriteLine(Builds());
        for (var round = 1; round <= rounds; round++)
        {
            MeasureOurs();
            MeasureTransformers();
            MeasureLlamaCpp();
            Console.Error.WriteLine($"round {round} of {rounds} done");
        }
        Print();
    }

    private void MeasureOurs()
    {
        var output = ExecuteSelf(["embedding", Path.Combine(peers, "peers", "700m")], out var peak);
        Add(Ours, output, peak);
    }

    private void MeasureTransformers()
    {
        const string Script = "bench_transformers.py";
        File.Copy(Path.Combine(AppContext.BaseDirectory, Script), Path.Combine(peers, "peers", Script), overwrite: true);
        var output = Execute(
            "chroot",
            [peers, "python3", $"/peers/{Script}", "/peers/700m", "--queries", "3", "--attention", "eager", "--batch", "8"],
            out var peak
        );
        Add(Transformers, output, peak);
    }

    private void MeasureLlamaCpp()
    {
        var output = Execute(
            "chroot",
            [
                peers,
                "llama-batched-bench",
                "-m",
                "/peers/700m-BF16.gguf",
                "-npp",
                "256",
                "-ntg",
                "16",
                "-npl",
                "1,8,32",
                "-t",
                "2",
                "-c",
                "10240",
                "--output-format",
                "jsonl",
            ],
            out var peak,
            all: true
        );
        foreach (var line in output.Split('\n').Where(line => line.StartsWith("{\"n_kv_max\"", StringComparison.Ordinal)))
        {
            var row = JsonNode.Parse(line)!;
            var rows = row["pl"]!.GetValue<int>();
            if (rows == 1)
                AddValue(LlamaCpp, "prefill_tokens_per_s", row["speed_pp"]!.GetValue<double>());
            AddValue(
                LlamaCpp,
                string.Create(CultureInfo.InvariantCulture, $"decode_tokens_per_s_{rows}"),
                row["speed_tg"]!.GetValue<double>()
            );
        }
        AddValue(LlamaCpp, "peak_memory_mb", peak);
    }

    /// <summary>Adds what a program printed: a JSON object of numbers.</summary>
    private void Add(string program, string output, double peakMegabytes)
    {
        foreach (var (name, value) in JsonNode.Parse(output)!.AsObject())
            AddValue(program, name, value!.GetValue<double>());
        AddValue(program, "peak_memory_mb", peakMegabytes);
    }

    private void AddValue(string program, string quantity, double value)
    {
        if (!_values.TryGetValue((program, quantity), out var list))
            _values.Add((program, quantity), list = []);
        list.Add(value);
    }

    private double? Median(string program, string quantity) =>
        _values.TryGetValue((program, quantity), out var list) ? list.Median() : null;

    private void Print()
    {
        (string Name, string Quantity)[] rows =
        [
            ("prefill, tokens/s", "prefill_tokens_per_s"),
            ("decode, batch 1, tokens/s", "decode_tokens_per_s_1"),
            ("decode, batch 8, tokens/s", "decode_tokens_per_s_8"),
            ("decode, batch 32, tokens/s", "decode_tokens_per_s_32"),
            ("queries/s, one at a time", "queries_per_s"),
            ("queries/s, batched", "batched_queries_per_s"),
            ("targets/s", "targets_per_s"),
            ("peak memory, MB", "peak_memory_mb"),
        ];
        Console.WriteLine("| | rge | transformers | llama.cpp | rge : transformers | rge : llama.cpp |\n|---|---:|---:|---:|---:|---:|");
        foreach (var (name, quantity) in rows)
        {
            double? ours = Median(Ours, quantity),
                transformers = Median(Transformers, quantity),
                llama = Median(LlamaCpp, quantity);
            Console.WriteLine(
                $"| {name} | {Show(ours)} | {Show(transformers)} | {Show(llama)} | {Ratio(ours, transformers)} | {Ratio(ours, llama)} |"
            );
        }
        Console.WriteLine();
        Console.WriteLine(
            JsonSerializer.Serialize(_values.ToDictionary(v => $"{v.Key.Program} {v.Key.Quantity}", v => v.Value, StringComparer.Ordinal))
        );
    }

    /// <summary>What the peers are built with: a generic BLAS or another attention changes their speed several times over.</summary>
    private string Builds()
    {
        const string script =
            "import torch, transformers; print(torch.__version__, torch.__config__.show().replace(chr(10), ' '), 'transformers', "
            + "transformers.__version__, 'eager attention')";
        return Execute("chroot", [peers, "python3", "-c", script], out _)
            + "\n"
            + Execute(
                "chroot",
                [
                    peers,
                    "sh",
                    "-c",
                    "readlink -f /etc/alternatives/libblas.so.3-x86_64-linux-gnu; dpkg-query -W llama.cpp libggml0 2>/dev/null",
                ],
                out _,
                all: true
            );
    }

    private static string Show(double? value) =>
        value is { } number ? number.ToString(number < 10 ? "0.00" : "0", CultureInfo.InvariantCulture) : "";

    private static string Ratio(double? ours, double? theirs) =>
        ours / theirs is { } ratio ? ratio.ToString("0.0 ×", CultureInfo.InvariantCulture) : "";

    /// <summary>Runs another verb of this program in a process of its own.</summary>
    public static string ExecuteSelf(string[] arguments, out double peakMegabytes)
    {
        var assembly = typeof(PeerComparison).Assembly.Location;
        // `dotnet run` starts the program's own host, `dotnet Rge.Bench.dll` the general one, which takes the assembly as an argument.
        var hosted = Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet";
        return Execute(Environment.ProcessPath!, hosted ? [assembly, .. arguments] : arguments, out peakMegabytes);
    }

    /// <summary>Runs a program; returns the last line (or all) of its output and its peak resident memory in MB.</summary>
    public static string Execute(string program, string[] arguments, out double peakMegabytes, bool all = false)
    {
        // GNU time reports what the kernel knows of the process when it is gone.
        var start = new ProcessStartInfo("/usr/bin/env", ["time", "-f", "peak_kb %M", program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {errors.Result}");
        peakMegabytes =
            double.Parse(
                errors.Result.Split('\n').Last(line => line.StartsWith("peak_kb", StringComparison.Ordinal))[8..],
                CultureInfo.InvariantCulture
            )
            * 1024
            / 1e6;
        return all ? output : output.Trim().Split('\n')[^1];
    }
}
