using System.Diagnostics;

namespace Rge.Cli.Tests;

/// <summary>Runs the command line in this process, as Program does, or in one of its own.</summary>
internal static class CommandLine
{
    public static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using StringWriter output = new(), error = new();
        var code = await RgeCommand.RunAsync(args, output, error, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command that should succeed and returns its output.</summary>
    public static async Task<string> OutputAsync(params string[] args)
    {
        var (code, output, error) = await RunAsync(args);
        Assert.True(code == RgeCommand.Success, $"exit code {code}: {error}{output}");
        return output;
    }

    /// <summary>Runs a command that should fail, and returns the one sentence it says.</summary>
    public static async Task<string> ErrorAsync(int expectedCode, params string[] args)
    {
        var (code, _, error) = await RunAsync(args);
        Assert.True(code == expectedCode, $"exit code {code}, expected {expectedCode}: {error}");
        return Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => line.StartsWith("rge: ", StringComparison.Ordinal));
    }

    public static Process Start(params string[] args) =>
        Process.Start(new ProcessStartInfo("dotnet", [typeof(RgeCommand).Assembly.Location, .. args]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
}
