namespace Rge.Training.Settings;

/// <summary>One way of training that an experiment compares.</summary>
public sealed record VariantSettings
{
    /// <summary>Name in tables.</summary>
    public string Name { get; init; } = "";

    /// <summary>File of the run's settings, relative to the experiment's.</summary>
    public string Config { get; init; } = "";

    /// <summary>Settings that replace those of the file, by their path.</summary>
    public IDictionary<string, string> Set { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// Settings to choose, each with the values to try: every combination is trained with the first seed, and the one that does best on the
    /// development set is taken for all.
    /// </summary>
    public IDictionary<string, string[]> Tune { get; init; } = new Dictionary<string, string[]>(StringComparer.Ordinal);

    /// <summary>
    /// Name of a variant whose model with the same seed this one starts with; <see langword="null"/> for the pretrained one.
    /// </summary>
    public string? After { get; init; }

    internal void Validate(string where, IReadOnlyList<VariantSettings> variants)
    {
        SettingCheck.That(
            Name.Length > 0 && Name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'),
            $"{where}.name",
            $"'{Name}'",
            "letters, digits and hyphens"
        );
        SettingCheck.That(Config.Length > 0, $"{where}.config", "''", "a file of settings");
        foreach (var (setting, values) in Tune)
            SettingCheck.That(values.Length > 0, $"{where}.tune.{setting}", "[]", "at least one value");
        SettingCheck.That(
            After is null || variants.Any(other => other.Name == After && other is { After: null, Tune.Count: 0 }),
            $"{where}.after",
            After,
            "a variant that has neither tune nor after itself"
        );
    }
}
