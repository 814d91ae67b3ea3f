using YamlDotNet.Serialization.NamingConventions;

namespace Rge.Files.Yaml;

/// <summary>Named values in settings.</summary>
public static class Choices
{
    /// <summary>What a value is called in YAML.</summary>
    public static string Name(object choice) => UnderscoredNamingConvention.Instance.Apply(choice.ToString()!);
}
