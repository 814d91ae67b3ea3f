using System.Diagnostics;

namespace Rge.Cli.Tests.Docs;

/// <summary>The workflow files of a public forge are checked by a linter, which build/actionlint.sh fetches.</summary>
public sealed class WorkflowTests
{
    private const int CannotBeHad = 3;

    private static string Workflow => Path.Combine(DocPage.Repository, ".github", "workflows", "test.yml");

    [Fact]
    public async Task The_workflow_has_no_findings_and_runs_the_tests()
    {
        Assert.Equal((0, ""), await LintAsync(Workflow));
        Assert.Contains("run: ./test", await File.ReadAllTextAsync(Workflow, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistake_is_found()
    {
        var wrong = Path.Combine(Directory.CreateTempSubdirectory("rge-workflow-").FullName, "test.yml");
        var text = await File.ReadAllTextAsync(Workflow, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(wrong, text.Replace("hashFiles(", "hashOf(", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        var (code, findings) = await LintAsync(wrong);
        Assert.Equal(1, code);
        Assert.Contains("hashOf", findings, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Findings)> LintAsync(string file)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the script needs a POSIX shell");
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(DocPage.Repository, "build", "actionlint.sh"), [file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        if (process.ExitCode == CannotBeHad) Assert.Skip((await error).Trim());
        return (process.ExitCode, output);
    }
}
