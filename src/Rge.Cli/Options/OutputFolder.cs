using Rge.Cli.Output;
using Rge.Files;

namespace Rge.Cli.Options;

/// <summary>The folder that a verb writes to, which need not exist.</summary>
internal static class OutputFolder
{
    /// <summary>Refuses a file, before any work.</summary>
    /// <returns>The folder.</returns>
    /// <exception cref="CliException">It is a file.</exception>
    public static string Check(string folder) => File.Exists(folder) ? throw new CliException(FileProblem.OfFolder(folder)!) : folder;
}
