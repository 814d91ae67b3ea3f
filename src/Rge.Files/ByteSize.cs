using System.Globalization;

namespace Rge.Files;

/// <summary>Sizes of files as people read them.</summary>
public static class ByteSize
{
    private static readonly string[] Units = ["kB", "MB", "GB", "TB"];

    /// <summary>A size in the unit that suits it, of 1000 of the next smaller each: "512 bytes", "20.5 MB".</summary>
    public static string Show(long bytes)
    {
        if (bytes < 1000)
            return bytes == 1 ? "1 byte" : string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes");
        var (value, unit) = (bytes / 1000.0, 0);
        // From here on it would be shown as 1000.
        for (; value >= 999.95 && unit < Units.Length - 1; unit++)
            value /= 1000;
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[unit]}");
    }

    /// <summary>A size that is too large and the most that is allowed; to the byte where they would look the same.</summary>
    public static string Excess(long found, long most) =>
        Show(found) is var shown && shown != Show(most)
            ? $"{shown}, expected at most {Show(most)}"
            : string.Create(CultureInfo.InvariantCulture, $"{found} bytes, expected at most {most}");
}
