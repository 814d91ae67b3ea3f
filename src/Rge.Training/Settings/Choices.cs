using YamlDotNet.Serialization.NamingConventions;

namespace Rge.Training.Settings;

/// <summary>Named values in settings.</summary>
internal static class Choices
{
    /// <summary>What a value is called in YAML.</summary>
    public static string Name(object choice) => UnderscoredNamingConvention.Instance.Apply(choice.ToString()!);
}
