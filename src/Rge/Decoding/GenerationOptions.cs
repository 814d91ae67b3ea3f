using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Rge.Files;

namespace Rge;

/// <summary>How a rationale is written, token by token.</summary>
public sealed record GenerationOptions
{
    /// <summary>Name of the file in a checkpoint folder that <see cref="Load"/> reads.</summary>
    public const string FileName = "generation_config.json";

    /// <summary>
    /// Longest rationale that a checkpoint's max_new_tokens is taken for. A larger one bounds a chat model's answers, and memory is
    /// reserved for a whole rationale.
    /// </summary>
    private const int LargestStoredBudget = 4096;

    /// <summary>Temperatures below this are greedy in effect, and are run so: released checkpoints say 1e-6 and mean greedy.</summary>
    private const double GreedyTemperature = 1e-4;

    /// <summary>Tokens a rationale may have, its <c>&lt;emb&gt;</c> included; at least 1.</summary>
    public int MaxRationaleTokens { get; init; } = 128;

    /// <summary>Divides the logits before sampling; 0 takes the likeliest token, ties to the lowest id.</summary>
    public double Temperature { get; init; }

    /// <summary>Samples among the likeliest tokens that together have at least this probability, 0 to 1; 1 keeps all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Samples among this many likeliest tokens; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Penalizes tokens that already occur in the prompt or the rationale: a positive logit is divided by it, a negative one multiplied
    /// (Keskar et al. 2019, as in transformers). 1 changes nothing.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>
    /// Seed of sampling. Each item has its own generator, seeded from this and its prompt, so that its rationale does not depend
    /// on the batch it was in.
    /// </summary>
    public long Seed { get; init; }

    /// <summary>What is pooled when the rationale reaches <see cref="MaxRationaleTokens"/> before <c>&lt;emb&gt;</c>.</summary>
    [JsonPropertyName("WhenBudgetRunsOut")]
    public LengthAction OnLengthLimit { get; init; } = LengthAction.AppendEmb;

    /// <summary>
    /// Tokens that are never written. Empty, as in the reference, which stops at <c>&lt;emb&gt;</c> alone and takes every other token as
    /// text.
    /// </summary>
    public IReadOnlyCollection<int> BannedTokens { get; init; } = [];

    /// <summary>
    /// Where the model was trained to decide by its first token whether it reasons (<c>objective.gate</c>): the probability of
    /// <c>&lt;emb&gt;</c> from which <see cref="ReasoningMode.Auto"/> embeds without a rationale, 0 to 1. <see langword="null"/> for others:
    /// their first token is chosen like all others. In <c>generation_config.json</c> it is <c>direct_threshold</c>.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? DirectThreshold { get; init; }

    /// <summary>True where the likeliest token is always taken.</summary>
    public bool IsGreedy => Temperature < GreedyTemperature || TopK == 1;

    /// <summary>Reads <c>generation_config.json</c> of a checkpoint folder; defaults where there is none.</summary>
    /// <remarks>
    /// As in transformers, <c>temperature</c>, <c>top_p</c> and <c>top_k</c> (50 when absent) count only where <c>do_sample</c> is true.
    /// <c>max_new_tokens</c> of 4,096 at most is <see cref="MaxRationaleTokens"/>; <c>suppress_tokens</c>, and single tokens of
    /// <c>bad_words_ids</c>, are <see cref="BannedTokens"/>.
    /// </remarks>
    /// <param name="folder">The checkpoint folder.</param>
    /// <param name="adapter">Folder of an adapter; where it has the file, that is the one read, since the adapter was trained and measured
    /// so.</param>
    /// <exception cref="CheckpointException">The file is not JSON or a field has a value out of range.</exception>
    public static GenerationOptions Load(string folder, string? adapter = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var path = Path.Combine(adapter is not null && File.Exists(Path.Combine(adapter, FileName)) ? adapter : folder, FileName);
        return File.Exists(path) ? JsonFile.ReadConfig(path, Read) : new GenerationOptions();
    }

    private static GenerationOptions Read(ConfigReader file)
    {
        var samples = file.Bool("do_sample", false);
        var options = new GenerationOptions
        {
            RepetitionPenalty = file.Double("repetition_penalty", 0.01, 100, fallback: 1),
            Temperature = file.Double("temperature", 0, 1000, fallback: 1),
            TopP = file.Double("top_p", 0, 1, fallback: 1),
            TopK = file.Int("top_k", 0, int.MaxValue, fallback: 50),
        };
        if (file.Int("max_new_tokens", 1, int.MaxValue, fallback: int.MaxValue) is <= LargestStoredBudget and var budget)
            options = options with { MaxRationaleTokens = budget };
        if (!file["direct_threshold"].IsMissing)
            options = options with { DirectThreshold = file.Double("direct_threshold", 0, 1) };
        int[] banned = [.. file.Ints("suppress_tokens") ?? [], .. BadWords(file["bad_words_ids"])];
        if (banned.Length > 0)
            options = options with { BannedTokens = [.. banned.Distinct().Order()] };
        return samples ? options : options with { Temperature = 0, TopP = 1, TopK = 0 };
    }

    /// <summary>
    /// Writes <c>generation_config.json</c> into a folder, such that <see cref="Load"/> and transformers generate as these options say. Of
    /// an existing file, the ids of padding and of the sequence's start are kept.
    /// </summary>
    /// <param name="folder">The folder; must exist.</param>
    /// <param name="endToken">The token that ends a rationale, for transformers.</param>
    public void Save(string folder, int endToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var path = Path.Combine(folder, FileName);
        var stored = File.Exists(path) ? JsonFile.ReadObject(path) : [];
        var json = new JsonObject { ["do_sample"] = !IsGreedy };
        if (!IsGreedy)
            (json["temperature"], json["top_p"], json["top_k"]) = (Real(Temperature), Real(TopP), TopK);
        json["repetition_penalty"] = Real(RepetitionPenalty);
        json["max_new_tokens"] = MaxRationaleTokens;
        if (DirectThreshold is { } threshold)
            json["direct_threshold"] = Real(threshold);
        if (BannedTokens.Count > 0)
            json["suppress_tokens"] = new JsonArray([.. BannedTokens.Order().Select(token => (JsonNode)token)]);
        json["eos_token_id"] = endToken;
        foreach (var name in (string[])["bos_token_id", "pad_token_id"])
            if (stored[name] is { } id)
                json[name] = id.DeepClone();
        AtomicFile.WriteJson(path, json);

        // transformers refuses a whole number where it expects a float.
        static JsonNode? Real(double value) => JsonNode.Parse(value.ToString("0.0################", CultureInfo.InvariantCulture));
    }

    /// <summary>Tokens that <c>bad_words_ids</c> forbids on their own; a sequence of several cannot be forbidden here.</summary>
    private static IEnumerable<int> BadWords(JsonField words)
    {
        if (!words.IsMissing && !words.IsList)
            throw words.Error("is no list, expected a list of lists of token ids");
        foreach (var word in words.Items())
            yield return word is { IsList: true, Count: 1 } && word.Items().Single() is var token && IsId(token, out var id)
                ? id
                : throw words.Error($"has {Compact(word)}, expected lists of one token id each: sequences are not supported");

        static bool IsId(JsonField token, out int id)
        {
            id = 0;
            return token.Kind == JsonValueKind.Number && token.Value.TryGetInt32(out id);
        }

        static string Compact(JsonField word) => JsonNode.Parse(word.Value.GetRawText())?.ToJsonString() ?? "null";
    }

    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Validate()
    {
        Require(MaxRationaleTokens >= 1, nameof(MaxRationaleTokens), MaxRationaleTokens, "at least 1");
        Require(Temperature is >= 0 and <= 1000, nameof(Temperature), Temperature, "0 to 1000");
        Require(TopP is >= 0 and <= 1, nameof(TopP), TopP, "0 to 1");
        Require(TopK >= 0, nameof(TopK), TopK, "0 or more");
        Require(RepetitionPenalty is >= 0.01 and <= 100, nameof(RepetitionPenalty), RepetitionPenalty, "0.01 to 100");
        Require(DirectThreshold is null or (>= 0 and <= 1), nameof(DirectThreshold), DirectThreshold, "0 to 1");
        Require(Enum.IsDefined(OnLengthLimit), nameof(OnLengthLimit), OnLengthLimit, "a named value");

        static void Require(bool holds, string name, object? value, string expected)
        {
            if (!holds)
                throw new ArgumentOutOfRangeException(name, value, $"Expected {expected}.");
        }
    }
}
