using System.Globalization;

namespace Rge.Cli.Output;

/// <summary>How long things take, as people read it.</summary>
internal static class Durations
{
    /// <summary>Hours, minutes and seconds: "26:03:09".</summary>
    public static string Clock(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalHours:00}:{time:mm\\:ss}");
}
