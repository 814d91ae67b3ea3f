using System.Globalization;

namespace Rge.Training.Settings;

/// <summary>Checks of settings that came from a file.</summary>
internal static class SettingCheck
{
    /// <exception cref="TrainingException">It does not hold.</exception>
    public static void That(bool holds, string setting, object? found, string expected)
    {
        if (!holds) throw new TrainingException(string.Create(CultureInfo.InvariantCulture, $"{setting} is {found ?? "missing"}, expected {expected}."));
    }
}
