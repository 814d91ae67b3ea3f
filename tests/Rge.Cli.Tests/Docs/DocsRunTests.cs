using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Rge.Cli.Demo;
using Rge.Imaging;
using Rge.ShapeWorld.Scenes;

namespace Rge.Cli.Tests.Docs;

/// <summary>
/// Runs the commands of a page as they are printed, in their order, in one folder: what the repository holds is there, and so are a
/// checkpoint NAME, some photos and other things that a reader brings.
/// </summary>
public sealed class DocsRunTests : IDisposable
{
    private const string NeedsNetwork = "needs the network",
        TrainsForHours = "trains for hours",
        NeedsBenchmark = "needs MMEB, 36 datasets of photographs",
        NeedsTransformers = "needs transformers, and minutes for billions of weights",
        NeedsMachine = "installs something on the machine, which takes root",
        NeedsBuild = "builds a copy of everything, half a gigabyte",
        TestedAsPackages = "is done by the tests of packages, outside the repository",
        IsForm = "stands for a command, with … for a part of it";

    /// <summary>What is not run: the page, what the command starts with or has in it, and why.</summary>
    private static readonly (string Page, string Command, string Reason)[] NotRun =
    [
        ("*", "…", IsForm),
        ("README.md", "./rge pull ", NeedsNetwork),
        ("README.md", "Qwen3-VL-Embedding-2B", NeedsNetwork),
        ("docs/checkpoints.md", "./rge pull ", NeedsNetwork),
        ("docs/checkpoints.md", "Qwen3-VL-Embedding-2B", NeedsNetwork),
        ("docs/checkpoints.md", "Qwen2-VL-2B-Instruct", NeedsNetwork),
        ("docs/presets.md", "", "is about checkpoints of the Hub; the tests of presets run the file that the page shows"),
        ("docs/results.md", "./rge experiment ", TrainsForHours),
        ("docs/evaluation.md", "MMEB-eval", NeedsBenchmark),
        ("docs/training.md", "./rge train ", TrainsForHours),
        ("docs/training.md", "./rge experiment ", TrainsForHours),
        ("docs/parity.md", "bench/full_size.py", NeedsTransformers),
        ("docs/parity.md", "CHECKPOINT/full-size.json", NeedsTransformers),
        ("docs/rationales.md", "api.openai.com", NeedsNetwork),
        ("docs/rationales.md", "./rge pull ", NeedsNetwork),
        ("docs/rationales.md", "./rge train ", "trains for a minute; the tests of rge train do so with less"),
        ("docs/deploy.md", "", NeedsMachine),
        ("docs/log.md", "./rge ", TrainsForHours),
        ("docs/gpu.md", "", "needs a GPU, or an hour; the tests of bench/gpu run its scripts dry"),
        ("docs/native-library.md", "", NeedsBuild),
        ("docs/packages.md", "", TestedAsPackages),
        ("CONTRIBUTING.md", "", "is for the repository itself, whose tests these are"),
    ];

    /// <summary>What is made smaller, so that the tests take seconds: the same commands on fewer rows.</summary>
    private static readonly (string Printed, string Run)[] Smaller =
    [
        ("./rge demo", "./rge demo --queries 2"),
        ("--queries 256 ", "--queries 2 "),
        ("--queries 100 ", "--queries 2 "),
        ("--queries 64 ", "--queries 2 "),
        ("--queries 24 ", "--queries 1 "),
        ("--queries 1000", "--queries 1"),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("rge-docs-").FullName;

    public static TheoryData<string> Pages =>
        [.. DocPage.All.Where(page => page.Commands.Any(command => IsRun(page, command))).Select(page => page.Name)];

    [Theory(Timeout = 600_000), MemberData(nameof(Pages))]
    public async Task A_page_runs_as_printed(string name)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the commands are those of a Linux shell");
        var page = DocPage.All.Single(one => one.Name == name);
        Furnish();
        var script = Path.Combine(_folder, "page.sh");
        await File.WriteAllTextAsync(script, Script(page), TestContext.Current.CancellationToken);
        var start = new ProcessStartInfo("bash", [script])
        {
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var (output, error) = (
            process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)
        );
        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
        Assert.True(
            process.ExitCode == 0,
            $"{name} ended with {process.ExitCode} at "
                + $"{(await error).Split("::: ")[^1]}\n{(await output)[^Math.Min((await output).Length, 1000)..]}"
        );
    }

    [Fact]
    public void What_is_not_run_is_in_the_documentation()
    {
        foreach (var (page, command, _) in NotRun.Where(one => one.Command.Length > 0 && one.Page != "*"))
            if (DocPage.All.SingleOrDefault(one => one.Name == page) is { } read)
                Assert.True(
                    read.Commands.Any(text => text.Contains(command, StringComparison.Ordinal)),
                    $"{page} has no command with '{command}' any more"
                );
    }

    private static bool IsRun(DocPage page, string command) =>
        !NotRun.Any(one => (one.Page == "*" || one.Page == page.Name) && command.Contains(one.Command, StringComparison.Ordinal));

    /// <summary>The page's commands as one script, which says of each on the error stream that it comes next.</summary>
    private string Script(DocPage page)
    {
        var (server, oracle) = (FreePort(), FreePort());
        var script = new StringBuilder(
            $$"""
            set -euo pipefail
            # What is started in the background has a process group of its own, so that what it starts ends with it.
            set -m
            started=()
            trap 'for group in "${started[@]}"; do kill -- "-$group" 2>/dev/null || true; done' EXIT
            # Waits until something answers at an address.
            answers() { for _ in $(seq 600); do curl -s -o /dev/null "$1" && return; sleep 0.2; done; return 1; }
            # Samples are built where they are.
            dotnet() { command dotnet "${@/#samples\//{{DocPage.Repository}}/samples/}"; }

            """
        );
        foreach (var command in page.Commands.Where(command => IsRun(page, command)))
        {
            var text = Smaller
                .Aggregate(command, (text, one) => text.Replace(one.Printed, one.Run, StringComparison.Ordinal))
                .Replace("127.0.0.1:8000", $"127.0.0.1:{server}", StringComparison.Ordinal)
                .Replace("127.0.0.1:8137", $"127.0.0.1:{oracle}", StringComparison.Ordinal);
            script.Append("echo ").Append(Quote($"::: {command}")).Append(" >&2\n");
            if (text.StartsWith("./rge serve", StringComparison.Ordinal))
                script.Append(
                    CultureInfo.InvariantCulture,
                    $"{WithoutComment(text)} --url http://127.0.0.1:{server} > serve.log 2>&1 &\nstarted+=($!)\nanswers "
                        + $"http://127.0.0.1:{server}/health/ready\n"
                );
            else if (text.StartsWith("dotnet run", StringComparison.Ordinal) && WithoutComment(text).EndsWith('&'))
                script.Append(
                    CultureInfo.InvariantCulture,
                    $"{WithoutComment(text)[..^1]} -- {oracle} > oracle.log 2>&1 &\nstarted+=($!)\nanswers http://127.0.0.1:{oracle}/\n"
                );
            else
                script.Append(text).Append('\n');
        }
        return script.ToString();
    }

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string WithoutComment(string command) => command.Split(" #")[0].TrimEnd();

    /// <summary>What a clone has, and what a reader is asked to bring.</summary>
    private void Furnish()
    {
        foreach (var name in (string[])["bench", "configs", "docs", "models", "samples", "tests"])
            Link(name, Path.Combine(DocPage.Repository, name));
        Link("NAME", ShippedModel.Find(named: null, "shapeworld"));
        var photos = Directory.CreateDirectory(Path.Combine(_folder, "photos")).FullName;
        foreach (var i in Enumerable.Range(0, 3))
        {
            var scene = new Scene([new PlacedObject((Cell)i, new SceneObject(ObjectKind.All[i], ObjectSize.Large))]);
            File.WriteAllBytes(Path.Combine(photos, $"{i}.png"), PngEncoder.Encode(SceneRenderer.Render(scene, (ulong)i)));
        }
        foreach (var name in (string[])["shoe.jpg", "query.jpg"])
            File.Copy(Path.Combine(photos, "0.png"), Path.Combine(_folder, name));
        var here = Path.Combine(AppContext.BaseDirectory, typeof(DocsRunTests).Assembly.GetName().Name!);
        var program = Path.Combine(_folder, "rge");
        File.WriteAllText(
            program,
            $"#!/bin/bash\nexec dotnet exec --runtimeconfig {here}.runtimeconfig.json --depsfile {here}.deps.json "
                + $"{typeof(RgeCommand).Assembly.Location} \"$@\"\n"
        );
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        void Link(string name, string target) => Directory.CreateSymbolicLink(Path.Combine(_folder, name), target);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
