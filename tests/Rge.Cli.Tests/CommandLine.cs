using System.Diagnostics;
using Rge.Cli.Output;

namespace Rge.Cli.Tests;

/// <summary>Runs the command line in this process, as Program does, or in one of its own.</summary>
internal static class CommandLine
{
    // Tests that were started in the background ignore Ctrl+C, and so would every process that they start.
    private static readonly string[] s_signals = OperatingSystem.IsLinux() ? ["env", "--default-signal=INT"] : [];

    public static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using StringWriter output = new(),
            error = new();
        var code = await RgeCommand.RunAsync(args, output, error, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command that should succeed and returns its output.</summary>
    public static async Task<string> OutputAsync(params string[] args)
    {
        var (code, output, error) = await RunAsync(args);
        Assert.True(code == ExitCodes.Success, $"exit code {code}: {error}{output}");
        return output;
    }

    /// <summary>Runs a command that should fail, and returns the one sentence it says.</summary>
    public static async Task<string> ErrorAsync(int expectedCode, params string[] args)
    {
        var (code, _, error) = await RunAsync(args);
        Assert.True(code == expectedCode, $"exit code {code}, expected {expectedCode}: {error}");
        return Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries), line =>
            line.StartsWith("rge: ", StringComparison.Ordinal)
        );
    }

    /// <summary>Starts a command in a process of its own, which Ctrl+C ends.</summary>
    /// <param name="environment">Variables that it sees beside this process's own.</param>
    /// <param name="args">The command line.</param>
    public static Process Start(IReadOnlyDictionary<string, string> environment, params string[] args) =>
        StartIn(Environment.CurrentDirectory, environment, args);

    /// <summary>Starts a command in a folder, which its relative paths are meant from.</summary>
    public static Process StartIn(string folder, IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        var process = StartInfo(s_signals, args);
        process.WorkingDirectory = folder;
        foreach (var (name, value) in environment)
            process.Environment[name] = value;
        return Process.Start(process)!;
    }

    /// <summary>Starts a command in a process of its own, by way of another program.</summary>
    public static Process Start(string[] program, string[] args) => Process.Start(StartInfo(program, args))!;

    private static ProcessStartInfo StartInfo(string[] program, string[] args)
    {
        // What both frameworks have lies beside neither program; with this one's files the other finds it all the same.
        var here = Path.Combine(AppContext.BaseDirectory, typeof(CommandLine).Assembly.GetName().Name!);
        string[] line =
        [
            .. program,
            "dotnet",
            "exec",
            "--runtimeconfig",
            $"{here}.runtimeconfig.json",
            "--depsfile",
            $"{here}.deps.json",
            typeof(RgeCommand).Assembly.Location,
            .. args,
        ];
        return new ProcessStartInfo(line[0], line[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
    }

    public static Process Start(params string[] args) => Start(new Dictionary<string, string>(StringComparer.Ordinal), args);
}
