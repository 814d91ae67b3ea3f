using System.Globalization;
using Rge.Files.Yaml;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Rge.Training.Settings;

/// <summary>Reads and writes settings as YAML. Unknown and repeated keys are errors; what is not given has its default.</summary>
public static class ConfigFile
{
    private const int MaxKeys = 16;

    /// <summary>Reads settings from a file.</summary>
    /// <param name="path">The YAML file.</param>
    /// <param name="overrides">
    /// Settings of the form <c>objective.temperature=0.05</c> or <c>phases.1.steps=200</c> that replace what the file says. Lists and maps
    /// are written as in YAML, such as <c>data.weights={}</c>; <c>null</c> stands for none where a setting may be left out.
    /// </param>
    /// <exception cref="TrainingException">The file or an override cannot be understood; the message names the place.</exception>
    public static T Read<T>(string path, IEnumerable<string>? overrides = null)
        where T : new() => Checked(() => Bind<T>(YamlText.Read(path), overrides));

    /// <summary>Reads settings from text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">Name of the source in errors.</param>
    /// <param name="overrides">As for <see cref="Read"/>.</param>
    /// <exception cref="TrainingException">The text or an override cannot be understood.</exception>
    public static T Parse<T>(string yaml, string source, IEnumerable<string>? overrides = null)
        where T : new() => Checked(() => Bind<T>(YamlText.Parse(yaml, source), overrides));

    /// <summary>Writes settings in full, defaults included.</summary>
    public static string Write<T>(T settings)
        where T : notnull =>
        new SerializerBuilder()
            .WithNamingConvention(UnderscoredNamingConvention.Instance)
            .WithEnumNamingConvention(UnderscoredNamingConvention.Instance)
            .WithQuotingNecessaryStrings()
            .DisableAliases()
            .ConfigureDefaultValuesHandling(DefaultValuesHandling.OmitNull)
            .Build()
            .Serialize(settings);

    /// <summary>
    /// Every setting by its path, such as <c>phases.0.steps</c>, in the order of the file; lists and maps without values by theirs.
    /// </summary>
    internal static OrderedDictionary<string, string> Flatten<T>(T settings)
        where T : notnull
    {
        var flat = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        Add(YamlText.Parse(Write(settings), "settings"), "");
        return flat;

        void Add(YamlValue value, string path)
        {
            if (value.Members is { Count: > 0 } members)
                foreach (var (name, member) in members)
                    Add(member, path.Length == 0 ? name : $"{path}.{name}");
            else if (value.Items is { Count: > 0 } items)
                foreach (var (i, item) in items.Index())
                    Add(item, string.Create(CultureInfo.InvariantCulture, $"{path}.{i}"));
            else
                flat[path] = value.Text ?? value.Describe();
        }
    }

    private static T Bind<T>(YamlValue root, IEnumerable<string>? overrides)
        where T : new() => SettingsBinder.Bind<T>((overrides ?? []).Aggregate(root, Override));

    private static YamlValue Override(YamlValue root, string setting)
    {
        var equals = setting.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
            throw new TrainingException($"'{setting}' is not a setting; expected one such as objective.temperature=0.05.");
        var (keys, place, text) = (setting[..equals].Split('.'), $"'{setting}'", setting[(equals + 1)..].Trim());
        if (keys.Length > MaxKeys)
            throw new TrainingException($"'{setting[..40]}...' has {keys.Length} names, expected at most {MaxKeys}.");
        // Anything else is taken literally, so that paths and names need no quotes.
        var isYaml = text is [] or ['[' or '{' or '"' or '\'', ..] or "null" or "~";
        return Replace(root, 0);

        YamlValue Replace(YamlValue node, int at)
        {
            if (at == keys.Length)
                return isYaml ? YamlText.Parse(text, place, namesLines: false) : new YamlValue { Place = place, Text = text };
            var key = keys[at];
            if (
                node.Items is { } items
                && int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                && index < items.Count
            )
                return node with { Items = [.. items.Select((item, i) => i == index ? Replace(item, at + 1) : item)] };
            if (node.Members is null && !node.IsNull)
                throw new TrainingException($"'{setting}': there is no {string.Join('.', keys[..(at + 1)])}.");
            var members = new OrderedDictionary<string, YamlValue>(
                node.Members ?? new Dictionary<string, YamlValue>(StringComparer.Ordinal),
                StringComparer.Ordinal
            );
            members[key] = Replace(members.GetValueOrDefault(key) ?? new YamlValue { Place = place }, at + 1);
            return node with { Members = members, Place = node.IsNull ? place : node.Place };
        }
    }

    private static T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (YamlTextException e)
        {
            throw new TrainingException(e.Message, e);
        }
    }
}
