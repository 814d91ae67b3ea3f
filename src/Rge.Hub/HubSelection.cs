using System.IO.Enumeration;

namespace Rge.Hub;

/// <summary>Chooses files of a repository.</summary>
internal static class HubSelection
{
    /// <summary>What a checkpoint or adapter folder is made of; weights in other formats would only repeat the safetensors.</summary>
    private static readonly string[] Checkpoint = ["*.json", "*.safetensors", "merges.txt", "*.jinja"];

    /// <summary>
    /// The files that match a pattern (* any characters, slashes too; ? one), or without patterns those of a checkpoint in the top folder.
    /// </summary>
    /// <exception cref="HubException">Nothing matches, or the repository has no safetensors.</exception>
    public static IReadOnlyList<HubFile> Choose(IReadOnlyList<HubFile> files, IReadOnlyList<string> include, string repository)
    {
        var chosen =
            include.Count > 0
                ? files.Where(file => Matches(file, include))
                : files.Where(file => !file.Name.Contains('/', StringComparison.Ordinal) && Matches(file, Checkpoint));
        HubFile[] result = [.. chosen.OrderBy(file => file.Size).ThenBy(file => file.Name, StringComparer.Ordinal)];

        if (include.Count == 0 && !result.Any(file => file.Name.EndsWith(".safetensors", StringComparison.Ordinal)))
            throw new HubException($"'{repository}' has no *.safetensors in its top folder; it holds {Show(files)}.");
        return result.Length > 0
            ? result
            : throw new HubException($"'{repository}' has no file that matches {string.Join(" or ", include)}; it holds {Show(files)}.");
    }

    private static bool Matches(HubFile file, IEnumerable<string> patterns) =>
        patterns.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, file.Name, ignoreCase: false));

    private static string Show(IReadOnlyList<HubFile> files) =>
        files.Count switch
        {
            0 => "nothing",
            <= 12 => string.Join(", ", files.Select(file => file.Name)),
            _ => string.Join(", ", files.Take(12).Select(file => file.Name)) + $" and {files.Count - 12} more",
        };
}
