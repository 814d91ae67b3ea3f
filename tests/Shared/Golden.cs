namespace Rge.Tests.Shared;

/// <summary>Finds the reference vectors: the folder named by RGE_GOLDEN, else ../shared/golden beside the repository.</summary>
internal static class Golden
{
    /// <summary>The repository's root: the nearest folder above the test binaries that holds Rge.slnx.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The shared folder beside the repository; may not exist.</summary>
    public static string Shared { get; } = Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared"));

    /// <summary>Root of the reference vectors; may not exist.</summary>
    public static string Root { get; } =
        Environment.GetEnvironmentVariable("RGE_GOLDEN") is { Length: > 0 } folder ? folder : Path.Combine(Shared, "golden");

    /// <summary>Every family folder there (one with a cases.json and a model folder), by name.</summary>
    public static IEnumerable<string> Families() =>
        Directory.Exists(Root)
            ? Directory.GetDirectories(Root).Where(d => Directory.Exists(Path.Combine(d, "model"))).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)
            : [];

    /// <summary>Path under the reference vectors; skips the running test, saying so, when it is not there.</summary>
    public static string Require(params string[] parts)
    {
        var path = Path.Combine([Root, .. parts]);
        Assert.SkipUnless(File.Exists(path) || Directory.Exists(path), $"no reference vectors: {path} does not exist (set RGE_GOLDEN)");
        return path;
    }

    /// <summary>Path under the shared folder; skips the running test, saying so, when it is not there.</summary>
    public static string RequireShared(params string[] parts)
    {
        var path = Path.Combine([Shared, .. parts]);
        Assert.SkipUnless(File.Exists(path) || Directory.Exists(path), $"no shared data: {path} does not exist");
        return path;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Rge.slnx"))) return folder.FullName;
        throw new InvalidOperationException($"Rge.slnx was not found above {AppContext.BaseDirectory}.");
    }
}
