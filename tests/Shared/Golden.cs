namespace Rge.Tests.Shared;

/// <summary>
/// Finds the reference vectors: those of the repository (tests/Reference), and a larger set where there is one, in the folder named by
/// RGE_GOLDEN, else in ../shared/golden beside the repository. Families of its folder "next" count as the others.
/// </summary>
internal static class Golden
{
    /// <summary>The repository's root: the nearest folder above the test binaries that holds Rge.slnx.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The shared folder beside the repository; may not exist.</summary>
    public static string Shared { get; } = Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared"));

    /// <summary>The family folders of the repository start with this, as seen from its root.</summary>
    private const string Own = "tests/Reference/";

    /// <summary>Folder of the larger set for families that came later.</summary>
    private const string Next = "next";

    /// <summary>Root of the larger set; may not exist.</summary>
    private static string Root { get; } =
        Environment.GetEnvironmentVariable("RGE_GOLDEN") is { Length: > 0 } folder ? folder : Path.Combine(Shared, "golden");

    /// <summary>A family of the repository, for <see cref="Require"/>.</summary>
    public static string Family(string name) => Own + name;

    /// <summary>
    /// Every family folder (one with a model folder), for <see cref="Require"/>: the repository's, then those of the larger set.
    /// </summary>
    public static IEnumerable<string> Families() =>
        [
            .. FoldersIn(Path.Combine(RepositoryRoot, Own)).Select(Family),
            .. FoldersIn(Root),
            .. FoldersIn(Path.Combine(Root, Next)).Select(name => $"{Next}/{name}"),
        ];

    /// <summary>Path of a family folder that <see cref="Families"/> lists.</summary>
    public static string PathOf(string family) =>
        Path.Combine(family.StartsWith(Own, StringComparison.Ordinal) ? RepositoryRoot : Root, family);

    /// <summary>Path under the reference vectors; skips the running test, saying so, when it is not there.</summary>
    public static string Require(params string[] parts)
    {
        var isOwn = parts[0].StartsWith(Own, StringComparison.Ordinal);
        var path = Path.Combine([isOwn ? RepositoryRoot : Root, .. parts]);
        var exists = File.Exists(path) || Directory.Exists(path);
        if (isOwn)
            Assert.True(exists, $"{path} does not exist");
        Assert.SkipUnless(exists, $"no reference vectors: {path} does not exist (set RGE_GOLDEN)");
        return path;
    }

    /// <summary>Path under the shared folder; skips the running test, saying so, when it is not there.</summary>
    public static string RequireShared(params string[] parts)
    {
        var path = Path.Combine([Shared, .. parts]);
        Assert.SkipUnless(File.Exists(path) || Directory.Exists(path), $"no shared data: {path} does not exist");
        return path;
    }

    private static IEnumerable<string> FoldersIn(string root) =>
        Directory.Exists(root)
            ? Directory
                .GetDirectories(root)
                .Where(d => Directory.Exists(Path.Combine(d, "model")))
                .Select(d => Path.GetFileName(d)!)
                .Order(StringComparer.Ordinal)
            : [];

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Rge.slnx")))
                return folder.FullName;
        throw new InvalidOperationException($"Rge.slnx was not found above {AppContext.BaseDirectory}.");
    }
}
