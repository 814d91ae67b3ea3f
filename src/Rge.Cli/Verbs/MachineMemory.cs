using System.Globalization;
using Rge.Files;

namespace Rge.Cli.Verbs;

/// <summary>The memory of this machine, in words.</summary>
internal static class MachineMemory
{
    private const string MemInfo = "/proc/meminfo";

    /// <summary>Where Linux tells the limit of a container, in the second and the first version of control groups.</summary>
    private static readonly string[] Limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

    /// <summary>All memory, what of it is available where the system tells, and the limit of a container where there is one.</summary>
    public static string Describe() =>
        Read(MemInfo) is { } info && Describe(info, Limits.Select(Read).FirstOrDefault(limit => limit is not null)) is { } text
            ? text
            : Gigabytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <summary>The same from what Linux tells.</summary>
    /// <param name="info">The text of /proc/meminfo, in kB.</param>
    /// <param name="limit">The limit of the container in bytes; another text or a number above all memory for none.</param>
    /// <returns>The words; null where the text has no MemTotal.</returns>
    internal static string? Describe(string info, string? limit)
    {
        if (Field(info, "MemTotal:") is not { } all)
            return null;
        var available = Field(info, "MemAvailable:") is { } bytes ? $", {Gigabytes(bytes)} of it available" : "";
        return long.TryParse(limit, NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var most) && most < all
            ? $"{Gigabytes(all)}{available}; the limit of this container is {Gigabytes(most)}"
            : $"{Gigabytes(all)}{available}";
    }

    private static long? Field(string info, string name) =>
        info.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
        && long.TryParse(
            line[name.Length..].Replace("kB", "", StringComparison.Ordinal),
            NumberStyles.Integer,
            CultureInfo.InvariantCulture,
            out var kilobytes
        )
            ? 1024 * kilobytes
            : null;

    private static string Gigabytes(double bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:N1} GB");

    private static string? Read(string path)
    {
        try
        {
            return FileReader.ReadText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
