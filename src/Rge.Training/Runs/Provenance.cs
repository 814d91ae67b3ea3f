using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Rge.Training.Runs;

/// <summary>The provenance of a result: versions of this project and its dependencies, the commit, the machine.</summary>
internal static class Provenance
{
    /// <summary>Describes this process.</summary>
    public static JsonObject Describe() =>
        new()
        {
            ["rge"] = Version(typeof(Provenance)),
            ["torchsharp"] = Version(typeof(TorchSharp.torch)),
            ["runtime"] = RuntimeInformation.FrameworkDescription,
            ["system"] = RuntimeInformation.OSDescription,
            ["processors"] = Environment.ProcessorCount,
            ["commit"] = Commit(),
            ["started"] = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
        };

    private static string Version(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? type.Assembly.GetName().Version?.ToString()
        ?? "unknown";

    /// <summary>
    /// The commit of the working tree the process was started in, with a mark where files differ from it; null outside of one.
    /// </summary>
    private static string? Commit()
    {
        var commit = Git("rev-parse", "HEAD");
        return commit is null ? null
            : Git("status", "--porcelain", "--untracked-files=no") is { Length: > 0 } ? commit + " and changes"
            : commit;
    }

    private static string? Git(params string[] arguments)
    {
        try
        {
            using var git = Process.Start(
                new ProcessStartInfo("git", arguments)
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                    UseShellExecute = false,
                }
            );
            if (git is null)
                return null;
            var output = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 ? output : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // no git here
        }
    }
}
