using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Rge.Training.Settings;

/// <summary>Reads and writes settings as YAML. Unknown and repeated keys are errors; what is not given has its default.</summary>
public static partial class ConfigFile
{
    /// <summary>Reads settings from a file.</summary>
    /// <param name="path">The YAML file.</param>
    /// <param name="overrides">Settings of the form <c>objective.temperature=0.05</c> or <c>phases.1.steps=200</c> that replace what the file says.</param>
    /// <exception cref="TrainingException">The file or an override cannot be understood; the message names the place.</exception>
    public static T Read<T>(string path, IEnumerable<string>? overrides = null) where T : new()
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path)) throw new TrainingException($"{path} does not exist; expected a YAML file of settings.");
        return Parse<T>(File.ReadAllText(path), path, overrides);
    }

    /// <summary>Reads settings from text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">What errors call it.</param>
    /// <param name="overrides">As for <see cref="Read"/>.</param>
    /// <exception cref="TrainingException">The text or an override cannot be understood.</exception>
    public static T Parse<T>(string yaml, string source, IEnumerable<string>? overrides = null) where T : new()
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            if (stream.Documents.Count == 0) return new T();
            if (overrides is null || !overrides.Any()) return Deserializer().Deserialize<T>(yaml) ?? new T();
            foreach (var setting in overrides) Override(stream.Documents[0].RootNode, setting);
            using var text = new StringWriter();
            stream.Save(text, assignAnchors: false);
            return Deserializer().Deserialize<T>(text.ToString()) ?? new T();
        }
        catch (YamlException e)
        {
            // The innermost message is the one that names the key or value.
            Exception cause = e;
            while (cause.InnerException is { } inner) cause = inner;
            throw new TrainingException($"{source}, line {e.Start.Line}: {UnknownKey().Replace(cause.Message, "the setting '${key}' is not known.")}", e);
        }
    }

    /// <summary>How the library calls a key that the settings lack: by the name of a type that no user knows.</summary>
    [GeneratedRegex("^Property '(?<key>[^']*)' not found on type '[^']*'\\.?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UnknownKey();

    /// <summary>Writes settings in full, defaults included.</summary>
    public static string Write<T>(T settings) where T : notnull =>
        new SerializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).WithTypeConverter(new ChoiceConverter())
            .DisableAliases().ConfigureDefaultValuesHandling(DefaultValuesHandling.OmitNull).Build().Serialize(settings);

    private static IDeserializer Deserializer() =>
        new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).WithTypeConverter(new ChoiceConverter())
            .WithDuplicateKeyChecking().Build();

    private static void Override(YamlNode root, string setting)
    {
        var equals = setting.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0) throw new TrainingException($"'{setting}' is not a setting; expected one such as objective.temperature=0.05.");
        var keys = setting[..equals].Split('.');
        var value = new YamlScalarNode(setting[(equals + 1)..]);
        for (var (i, node) = (0, root); ; i++)
        {
            var isLast = i + 1 == keys.Length;
            switch (node)
            {
                case YamlMappingNode map:
                    if (isLast) map.Children[keys[i]] = value;
                    else if (!map.Children.ContainsKey(keys[i])) map.Children[keys[i]] = new YamlMappingNode();
                    if (isLast) return;
                    node = map.Children[keys[i]];
                    break;
                case YamlSequenceNode list when int.TryParse(keys[i], CultureInfo.InvariantCulture, out var index) && index >= 0 && index < list.Children.Count:
                    if (isLast) list.Children[index] = value;
                    if (isLast) return;
                    node = list.Children[index];
                    break;
                default:
                    throw new TrainingException($"'{setting}': there is no {string.Join('.', keys[..(i + 1)])}.");
            }
        }
    }
}
