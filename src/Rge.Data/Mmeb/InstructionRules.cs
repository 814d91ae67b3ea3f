using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Rge.Data.Mmeb;

/// <summary>
/// How the texts of each subset are rewritten before a model reads them. Read from YAML of the form that the RGE repository has. Immutable
/// and thread-safe.
/// </summary>
/// <remarks>
/// A map by subset. Its rules are each optional and apply in this order: <c>value_map</c> (a text as a whole becomes another),
/// <c>original</c> and <c>replacement</c> (a part of the text, wherever it occurs), <c>prefix_add</c>, <c>suffix_add</c>. A subset that
/// the map lacks is left as it is.
/// </remarks>
public sealed class InstructionRules
{
    private const string ValueMap = "value_map", Original = "original", Replacement = "replacement", Prefix = "prefix_add", Suffix = "suffix_add";

    private readonly IReadOnlyDictionary<string, Rule> _rules;

    private InstructionRules(IReadOnlyDictionary<string, Rule> rules, string digest) => (_rules, Digest) = (rules, digest);

    /// <summary>No rules: texts stay as they are.</summary>
    public static InstructionRules None { get; } = new(new Dictionary<string, Rule>(StringComparer.Ordinal), "");

    /// <summary>What a reasoning model is told with the queries of MMEB's 36 subsets: what to look at before it concludes.</summary>
    public static InstructionRules QueryPreset { get; } = Preset("query-rules.yaml");

    /// <summary>How the candidates of MMEB's 36 subsets are introduced.</summary>
    public static InstructionRules CandidatePreset { get; } = Preset("candidate-rules.yaml");

    /// <summary>Tells rules apart by the text that they were read from; empty for <see cref="None"/>.</summary>
    public string Digest { get; }

    /// <summary>The subsets that have rules.</summary>
    public IEnumerable<string> Subsets => _rules.Keys;

    /// <summary>Reads rules from a file.</summary>
    /// <exception cref="DatasetException">The file cannot be read, or has something else in it than rules.</exception>
    public static InstructionRules Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads rules from text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">What errors call it.</param>
    /// <exception cref="DatasetException">The text has something else in it than rules.</exception>
    public static InstructionRules Parse(string yaml, string source)
    {
        ArgumentNullException.ThrowIfNull(yaml);
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException e)
        {
            throw new DatasetException($"{source}, line {e.Start.Line}: not valid YAML: {e.Message}", e);
        }
        if (stream.Documents.Count == 0) return None;
        var rules = Map(stream.Documents[0].RootNode, source, "a map by subset").ToDictionary(pair => pair.Key, pair => Read(pair.Value, source, pair.Key), StringComparer.Ordinal);
        return new InstructionRules(rules, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(yaml))));
    }

    /// <summary>Rewrites a text of a subset.</summary>
    public string Apply(string subset, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _rules.TryGetValue(subset, out var rule) ? rule.Apply(text) : text;
    }

    private static Rule Read(YamlNode node, string source, string subset)
    {
        var rule = new Rule();
        // A subset without a value stands for one without rules.
        if (node is YamlScalarNode { Value: null or "" or "null" or "~" }) return rule;
        foreach (var (key, value) in Map(node, source, $"rules of {subset}"))
            rule = key switch
            {
                ValueMap => rule with { ValueMap = Map(value, source, $"texts under {ValueMap} of {subset}").ToDictionary(pair => Trimmed(pair.Key), pair => Text(pair.Value, source, subset), StringComparer.Ordinal) },
                Original => rule with { Original = Text(value, source, subset) },
                Replacement => rule with { Replacement = Text(value, source, subset) },
                Prefix => rule with { Prefix = Text(value, source, subset) },
                Suffix => rule with { Suffix = Text(value, source, subset) },
                _ => throw Error(value, source, $"the rule '{key}' of {subset} is not known, expected {ValueMap}, {Original} with {Replacement}, {Prefix} or {Suffix}"),
            };
        return (rule.Original is null) == (rule.Replacement is null) ? rule : throw Error(node, source, $"{subset} has one of {Original} and {Replacement}, expected both or none");
    }

    private static IEnumerable<KeyValuePair<string, YamlNode>> Map(YamlNode node, string source, string expected) => node is YamlMappingNode map
        ? map.Children.Select(pair => KeyValuePair.Create(Text(pair.Key, source, expected), pair.Value))
        : throw Error(node, source, $"expected {expected}");

    private static string Text(YamlNode node, string source, string where) =>
        node is YamlScalarNode scalar ? scalar.Value ?? "" : throw Error(node, source, $"{where}: expected a text");

    private static DatasetException Error(YamlNode node, string source, string problem) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{source}, line {node.Start.Line}: {problem}."));

    private static InstructionRules Preset(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not built in.");
        using var reader = new StreamReader(stream);
        return Parse(reader.ReadToEnd(), name);
    }

    /// <summary>Some copies of the data end their texts in a newline and some do not.</summary>
    private static string Trimmed(string text) => text.TrimEnd('\n');

    private sealed record Rule
    {
        public IReadOnlyDictionary<string, string> ValueMap { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

        public string? Original { get; init; }

        public string? Replacement { get; init; }

        public string Prefix { get; init; } = "";

        public string Suffix { get; init; } = "";

        public string Apply(string text)
        {
            text = ValueMap.GetValueOrDefault(Trimmed(text), text);
            if (Original is { Length: > 0 }) text = text.Replace(Original, Replacement, StringComparison.Ordinal);
            return Prefix + text + Suffix;
        }
    }
}
