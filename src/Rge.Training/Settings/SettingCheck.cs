using System.Globalization;
using Rge.ShapeWorld;

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

    /// <summary>Checks names of ShapeWorld's datasets.</summary>
    /// <exception cref="TrainingException">A name is not known.</exception>
    public static void Datasets(IEnumerable<string> names, string setting)
    {
        foreach (var (i, name) in names.Index())
            That(
                ShapeWorldDatasets.Names.Contains(name, StringComparer.Ordinal),
                $"{setting}.{i}",
                name,
                $"one of {string.Join(", ", ShapeWorldDatasets.Names)}"
            );
    }
}
