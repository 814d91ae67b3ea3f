using System.Globalization;

namespace Rge.Training.Settings;

/// <summary>Checks of settings from a file.</summary>
internal static class SettingCheck
{
    /// <exception cref="TrainingException">The check fails.</exception>
    public static void That(bool holds, string setting, object? found, string expected)
    {
        if (!holds)
            throw new TrainingException(
                string.Create(CultureInfo.InvariantCulture, $"{setting} is {found ?? "missing"}, expected {expected}.")
            );
    }
}
