using System.Diagnostics;
using Rge.Tests.Shared;

namespace Rge.Tests;

/// <summary>The scripts that compare with PyTorch on a GPU, as far as they can be run without one.</summary>
public sealed class GpuScriptTests
{
    private static readonly string Folder = Path.Combine(Golden.RepositoryRoot, "bench", "gpu");

    public static TheoryData<string> ShellScripts => [.. Directory.EnumerateFiles(Folder, "*.sh").Select(path => Path.GetFileName(path))];

    public static TheoryData<string> PythonPrograms =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(Golden.RepositoryRoot, "bench"), "*.py", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(Golden.RepositoryRoot, path)),
        ];

    [Theory, MemberData(nameof(ShellScripts))]
    public async Task A_shell_script_parses(string name)
    {
        var (code, _, errors) = await RunAsync("bash", "-n", Path.Combine(Folder, name));
        Assert.True(code == 0, errors);
    }

    [Theory, MemberData(nameof(PythonPrograms))]
    public async Task A_python_program_parses(string path)
    {
        Assert.SkipUnless(HasPython, "this machine has no python3");
        var (code, _, errors) = await RunAsync("python3", "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", path);
        Assert.True(code == 0, errors);
    }

    [Fact]
    public async Task A_dry_run_prints_the_command_of_each_part()
    {
        var (code, output, errors) = await RunAsync(
            "bash",
            Path.Combine(Folder, "run.sh"),
            "--dry-run",
            "--device",
            "cpu",
            "--shapes",
            "tiny,700m",
            "--batches",
            "1,2",
            "--steps",
            "3"
        );
        Assert.True(code == 0, errors);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] families = ["qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5"];
        Assert.Equal(
            [
                "new-tiny",
                "new-700m",
                .. families.SelectMany(family => (string[])[$"verify-{family}-float32", $"verify-{family}-bfloat16"]),
                "rge-tiny",
                "transformers-tiny",
                "batch",
                "rge-joint",
                "pytorch-joint",
                "rge-700m",
                "transformers-700m",
            ],
            lines.Select(line => line.Split(' ')[0])
        );
    }

    [Fact]
    public async Task An_unknown_option_is_refused()
    {
        var (code, _, errors) = await RunAsync("bash", Path.Combine(Folder, "run.sh"), "--gpu");
        Assert.Equal(2, code);
        Assert.Contains("usage:", errors, StringComparison.Ordinal);
    }

    /// <summary>With programs that only print, so that the script itself is run.</summary>
    [Fact]
    public async Task What_fails_is_named_and_the_rest_goes_on()
    {
        Assert.SkipUnless(HasPython, "this machine has no python3");
        var root = Directory.CreateTempSubdirectory("rge-gpu-");
        try
        {
            var scripts = root.CreateSubdirectory("bench/gpu");
            foreach (var file in Directory.EnumerateFiles(Folder))
                File.Copy(file, Path.Combine(scripts.FullName, Path.GetFileName(file)));
            root.CreateSubdirectory("artifacts/gpu/torchsharp/src");
            Program("artifacts/gpu/program/libLibTorchSharp.so", "");
            Program(
                "artifacts/gpu/program/Rge.Cli",
                """
                case $1 in
                    new) mkdir -p "$2" && echo '{}' > "$2/config.json" ;;
                    verify) [[ $2 == */qwen3_vl ]] && { echo 'No CUDA device' >&2; exit 1; }
                        echo '[{"quantity":"embedding","passed":true}]' ;;
                esac
                """
            );
            Program(
                "artifacts/gpu/program/Rge.Bench",
                """
                [ "$1" = queries ] && echo '{"queries_per_s_1":6}' || echo '{"seconds":0.5}'
                """
            );
            Program(
                "python",
                """
                case $1 in
                    -c) echo "$PWD/torch" ;;
                    */table.py) exec python3 "$@" ;;
                    */machine.py) echo 'a machine' ;;
                    */bench_transformers.py) echo '{"queries_per_s_1":2}' ;;
                    *) echo 'out of memory' >&2; exit 3 ;;
                esac
                """
            );
            var (code, output, errors) = await RunAsync(
                "bash",
                Path.Combine(scripts.FullName, "run.sh"),
                "--python",
                Path.Combine(root.FullName, "python"),
                "--shapes",
                "tiny,700m"
            );
            Assert.True(code == 0, errors);
            Assert.Contains("| qwen3_vl, float32 | failed with 1: No CUDA device |", output, StringComparison.Ordinal);
            Assert.Contains("| qwen3_5, bfloat16 | 1 quantities ok |", output, StringComparison.Ordinal);
            Assert.Contains("| joint step, s | 0.5 | failed with 3: out of memory |", output, StringComparison.Ordinal);
            Assert.Contains("| 700m, queries/s, 1 at a time | 6 | 2 | 3.00 × |", output, StringComparison.Ordinal);
        }
        finally
        {
            root.Delete(recursive: true);
        }

        void Program(string path, string script)
        {
            var file = Path.Combine(root.FullName, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, "#!/usr/bin/env bash\n" + script);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public async Task The_table_names_what_failed_and_has_the_rest()
    {
        Assert.SkipUnless(HasPython, "this machine has no python3");
        var folder = Directory.CreateTempSubdirectory("rge-gpu-");
        try
        {
            Write("machine.txt", "a machine");
            Write("verify-qwen2_vl-float32.status", "ok");
            Write("verify-qwen2_vl-float32.json", """[{"quantity":"embedding","passed":true},{"quantity":"logits","passed":null}]""");
            Write("rge-tiny.status", "stopped after 90 s");
            Write("rge-tiny.json", "{\"queries_per_s_1\":4}\n{\"queries_per_s_1\":4,\"queries_per_s_32\":60}\n");
            Write("transformers-tiny.status", "ok");
            Write("transformers-tiny.json", """{"queries_per_s_1":2,"queries_per_s_32":40,"queries_per_s_128":50}""");
            Write("rge-joint.status", "ok");
            Write("rge-joint.json", """{"seconds":0.5}""");
            Write("pytorch-joint.status", "failed with 1: out of memory");
            var (code, output, errors) = await RunAsync("python3", Path.Combine(Folder, "table.py"), folder.FullName);
            Assert.True(code == 0, errors);
            Assert.Contains("| qwen2_vl, float32 | 1 quantities ok |", output, StringComparison.Ordinal);
            Assert.Contains("| tiny, queries/s, 1 at a time | 4 | 2 | 2.00 × |", output, StringComparison.Ordinal);
            Assert.Contains(
                "| tiny, queries/s, 32 at a time | 60 | 40 | 1.50 ×, 30.00 × one at a time |",
                output,
                StringComparison.Ordinal
            );
            Assert.Contains("| tiny, queries/s, 128 at a time | stopped after 90 s | 50 |", output, StringComparison.Ordinal);
            Assert.Contains("| joint step, s | 0.5 | failed with 1: out of memory |", output, StringComparison.Ordinal);
            Assert.Contains("rge-tiny: stopped after 90 s", output, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        void Write(string name, string text) => File.WriteAllText(Path.Combine(folder.FullName, name), text);
    }

    private static bool HasPython => File.Exists("/usr/bin/python3") || File.Exists("/usr/local/bin/python3");

    private static async Task<(int Code, string Output, string Errors)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Golden.RepositoryRoot,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output, await errors);
    }
}
