using Rge.Search;

namespace Rge.Cli.Output;

/// <summary>What a list calls records, so that no two read the same.</summary>
internal static class HitLabels
{
    private const int DigitsOfId = 8;

    /// <summary>A label for each: its key, its file from the folder that all files of the list have in common, or its text.</summary>
    public static IReadOnlyList<string> Create(IReadOnlyList<SearchRecord> records)
    {
        var common = CommonFolder([.. records.Where(record => record.Key is null).Select(record => record.Path).OfType<string>()]);
        string[] labels = [.. records.Select(record => record is { Key: null, Path: { } path } ? path[common..] : record.Label)];
        var counts = labels.CountBy(label => label, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        return
        [
            .. labels.Zip(records, (label, record) =>
                counts[label] == 1 ? label : $"{label} ({record.Id[..Math.Min(record.Id.Length, DigitsOfId)]})"
            ),
        ];
    }

    /// <summary>Characters at the beginning of all paths that are whole folders.</summary>
    private static int CommonFolder(string[] paths)
    {
        if (paths.Length == 0)
            return 0;
        var length = paths.Min(path => path.Length);
        var same = 0;
        while (same < length && Array.TrueForAll(paths, path => path[same] == paths[0][same]))
            same++;
        return paths[0].AsSpan(..same).LastIndexOf(Path.DirectorySeparatorChar) + 1;
    }
}
