using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Rge.Files.Yaml;

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
    /// <summary>What settings and options call the built-in rules, and no rules.</summary>
    public const string PresetName = "preset",
        NoneName = "none";

    private const string ValueMap = "value_map",
        Original = "original",
        Replacement = "replacement",
        Prefix = "prefix_add",
        Suffix = "suffix_add";

    private readonly IReadOnlyDictionary<string, Rule> _rules;
    private readonly Dictionary<string, Rule> _bySpelling = new(StringComparer.Ordinal);

    private InstructionRules(IReadOnlyDictionary<string, Rule> rules, string digest)
    {
        (_rules, Digest) = (rules, digest);
        foreach (var (subset, rule) in rules)
            _bySpelling.TryAdd(Spelling(subset), rule);
    }

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

    /// <summary>Finds rules by what a setting or option says.</summary>
    /// <param name="name"><see cref="PresetName"/>, <see cref="NoneName"/> or a file.</param>
    /// <param name="preset">The built-in rules.</param>
    /// <exception cref="DatasetException">The file cannot be read, or has something else in it than rules.</exception>
    public static InstructionRules Named(string name, InstructionRules preset) =>
        name switch
        {
            PresetName => preset,
            NoneName => None,
            _ => Read(name),
        };

    /// <summary>Reads rules from a file.</summary>
    /// <exception cref="DatasetException">The file cannot be read, or has something else in it than rules.</exception>
    public static InstructionRules Read(string path)
    {
        return Parse(Checked(() => YamlText.ReadText(path)), path);
    }

    /// <summary>Reads rules from text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">What errors call it.</param>
    /// <exception cref="DatasetException">The text has something else in it than rules.</exception>
    public static InstructionRules Parse(string yaml, string source)
    {
        ArgumentNullException.ThrowIfNull(yaml);
        var root = Checked(() => YamlText.Parse(yaml, source));
        if (root.IsNull)
            return None;
        var rules = Map(root, "a map by subset").ToDictionary(pair => pair.Key, pair => Read(pair.Value, pair.Key), StringComparer.Ordinal);
        return new InstructionRules(rules, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(yaml))));
    }

    /// <summary>
    /// Rewrites a text of a subset. Hyphens and underscores count alike: MMEB's evaluation set has an ImageNet-1K, its training set an
    /// ImageNet_1K.
    /// </summary>
    public string Apply(string subset, string text)
    {
        ArgumentNullException.ThrowIfNull(subset);
        ArgumentNullException.ThrowIfNull(text);
        return (_rules.GetValueOrDefault(subset) ?? _bySpelling.GetValueOrDefault(Spelling(subset)))?.Apply(text) ?? text;
    }

    private static Rule Read(YamlValue value, string subset)
    {
        var rule = new Rule();
        // A subset without a value stands for one without rules.
        if (value.IsNull || value.Text is "")
            return rule;
        foreach (var (key, part) in Map(value, $"rules of {subset}"))
            rule = key switch
            {
                ValueMap => rule with { ValueMap = Texts(part, subset) },
                Original => rule with { Original = Text(part, subset) },
                Replacement => rule with { Replacement = Text(part, subset) },
                Prefix => rule with { Prefix = Text(part, subset) },
                Suffix => rule with { Suffix = Text(part, subset) },
                _ => throw Error(
                    part,
                    $"the rule '{key}' of {subset} is not known, expected {ValueMap}, {Original} with {Replacement}, {Prefix} or {Suffix}"
                ),
            };
        return (rule.Original is null) == (rule.Replacement is null)
            ? rule
            : throw Error(value, $"{subset} has one of {Original} and {Replacement}, expected both or none");
    }

    private static Dictionary<string, string> Texts(YamlValue value, string subset)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, text) in Map(value, $"texts under {ValueMap} of {subset}"))
            if (!texts.TryAdd(Trimmed(key), Text(text, subset)))
                throw Error(text, $"'{Trimmed(key)}' is there twice under {ValueMap} of {subset}");
        return texts;
    }

    private static IReadOnlyDictionary<string, YamlValue> Map(YamlValue value, string expected) =>
        value.Members ?? throw Error(value, $"expected {expected}");

    private static string Text(YamlValue value, string where) =>
        value switch
        {
            { Text: { } text } => text,
            { IsNull: true } => "",
            _ => throw Error(value, $"{where}: expected a text"),
        };

    private static DatasetException Error(YamlValue value, string problem) => new($"{value.Place}: {problem}.");

    private static T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (YamlTextException e)
        {
            throw new DatasetException(e.Message, e);
        }
    }

    private static string Spelling(string subset) => subset.Replace('_', '-');

    private static InstructionRules Preset(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not built in.");
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
            if (Original is { Length: > 0 })
                text = text.Replace(Original, Replacement, StringComparison.Ordinal);
            return Prefix + text + Suffix;
        }
    }
}
