using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Files;

namespace Rge.Models.Checkpoints;

/// <summary>What PEFT's <c>adapter_config.json</c> says of a LoRA or DoRA adapter.</summary>
public sealed record AdapterConfig
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The adapter's rank (<c>r</c>), at least 1.</summary>
    public required int Rank { get; init; }

    /// <summary>Numerator of the scale (<c>lora_alpha</c>).</summary>
    public required double Alpha { get; init; }

    /// <summary>Whether the scale is alpha / √r instead of alpha / r (<c>use_rslora</c>).</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Whether the modules have magnitudes (<c>use_dora</c>).</summary>
    public bool Dora { get; init; }

    /// <summary>Chance, from 0 to 1, with which training drops an input of A (<c>lora_dropout</c>).</summary>
    public double Dropout { get; init; }

    /// <summary>Ranks of modules that differ, by regular expression over the end of the module's name (<c>rank_pattern</c>).</summary>
    public IReadOnlyDictionary<string, double> RankPattern { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Alphas of modules that differ (<c>alpha_pattern</c>); keys as in <see cref="RankPattern"/>.</summary>
    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>
    /// Name endings of the adapted modules, or one regular expression in <see cref="TargetPattern"/> (<c>target_modules</c>). Only kept for
    /// others: when an adapter is loaded, its tensors say which modules it has. With neither, saving lists the modules.
    /// </summary>
    public IReadOnlyList<string> TargetModules { get; init; } = [];

    /// <summary>Regular expression over names of the adapted modules (<c>target_modules</c>, when it is a string).</summary>
    public string? TargetPattern { get; init; }

    /// <summary>Name endings of modules that the adapter replaces as a whole (<c>modules_to_save</c>).</summary>
    public IReadOnlyList<string> ModulesToSave { get; init; } = [];

    /// <summary>
    /// Whether token embedding and output projection stay one tensor where the base model ties them, though either is in
    /// <see cref="ModulesToSave"/> (<c>ensure_weight_tying</c>).
    /// </summary>
    public bool KeepsWeightsTied { get; init; }

    /// <summary>Name or path of the model that the adapter was made for (<c>base_model_name_or_path</c>).</summary>
    public string? BaseModel { get; init; }

    /// <summary>PEFT's task (<c>task_type</c>), for example <c>CAUSAL_LM</c>.</summary>
    public string? TaskType { get; init; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="CheckpointException">It cannot be read, or describes an adapter whose forward pass is another than LoRA's or
    /// DoRA's.</exception>
    internal static AdapterConfig Load(string path) => JsonFile.ReadConfig(path, Read);

    private static AdapterConfig Read(ConfigReader reader)
    {
        if (reader.String("peft_type") is not "LORA" and var type)
            throw reader.Error("peft_type", $"is {type}, expected LORA");
        if (reader.String("bias", "none") is not "none" and var bias)
            throw reader.Error("bias", $"is {bias}, expected none");
        foreach (
            var field in new[]
            {
                "lora_bias",
                "use_qalora",
                "use_bdlora",
                "layer_replication",
                "target_parameters",
                "trainable_token_indices",
                "alora_invocation_tokens",
                "arrow_config",
            }
        )
            if (IsSet(reader[field]))
                throw reader.Error(field, "is set, which is not supported; expected a plain LoRA or DoRA adapter");
        // Other ways to begin, such as pissa, take something off the base model's weights, which the adapter does not bring along.
        if (
            reader["init_lora_weights"].IsText
            && reader.String("init_lora_weights") is not ("gaussian" or "eva" or "orthogonal") and var init
        )
            throw reader.Error(
                "init_lora_weights",
                $"is {init}, which changes the base model; expected an adapter converted to plain LoRA"
            );
        var targets = reader["target_modules"];
        var isPattern = !targets.IsMissing && !targets.IsList && !targets.IsObject;
        return new AdapterConfig
        {
            Rank = reader.Int("r", 1, 1 << 20),
            Alpha = reader.Double("lora_alpha", -1e9, 1e9),
            RankStabilized = reader.Bool("use_rslora", fallback: false),
            Dora = reader.Bool("use_dora", fallback: false),
            Dropout = reader.Double("lora_dropout", 0, 1, 0),
            RankPattern = Numbers("rank_pattern", 1, 1 << 20),
            AlphaPattern = Numbers("alpha_pattern", -1e9, 1e9),
            TargetModules = isPattern ? [] : Strings(targets),
            TargetPattern = isPattern ? targets.Text() : null,
            ModulesToSave = Strings(reader["modules_to_save"]),
            KeepsWeightsTied = reader.Bool("ensure_weight_tying", fallback: false),
            BaseModel = reader.String("base_model_name_or_path", null),
            TaskType = reader.String("task_type", null),
        };

        OrderedDictionary<string, double> Numbers(string field, double min, double max)
        {
            var numbers = new OrderedDictionary<string, double>(StringComparer.Ordinal);
            if (reader.Section(field) is not { } section)
                return numbers;
            foreach (var (pattern, _) in reader[field].Members())
                numbers.Add(pattern, section.Double(pattern, min, max));
            return numbers;
        }

        static string[] Strings(JsonField field) =>
            field.IsMissing ? []
            : field.IsList && field.Items().All(item => item.IsText) ? [.. field.Items().Select(item => item.Text())]
            : throw field.Error("is not a list of strings");
    }

    private static bool IsSet(JsonField field) =>
        !field.IsMissing && (field.IsList || field.IsObject ? field.Count > 0 : field.Kind != JsonValueKind.False);

    /// <summary>The file's text.</summary>
    /// <param name="modules">What to name as targets when this names none.</param>
    internal string ToJson(IEnumerable<string> modules)
    {
        var json = new JsonObject
        {
            ["peft_type"] = "LORA",
            ["base_model_name_or_path"] = BaseModel,
            ["task_type"] = TaskType,
            ["inference_mode"] = true,
            ["r"] = Rank,
            ["lora_alpha"] = Number(Alpha),
            ["lora_dropout"] = Dropout,
            ["use_rslora"] = RankStabilized,
            ["use_dora"] = Dora,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["target_modules"] = TargetPattern is not null
                ? JsonValue.Create(TargetPattern)
                : List(TargetModules.Count > 0 ? TargetModules : modules),
            ["modules_to_save"] = ModulesToSave.Count > 0 ? List(ModulesToSave) : null,
            ["rank_pattern"] = Patterns(RankPattern),
            ["alpha_pattern"] = Patterns(AlphaPattern),
        };
        if (KeepsWeightsTied)
            json["ensure_weight_tying"] = true;
        return json.ToJsonString(Indented);

        static JsonArray List(IEnumerable<string> items) => [.. items.Select(item => (JsonNode)item)];
        static JsonObject Patterns(IReadOnlyDictionary<string, double> numbers) =>
            new(numbers.Select(n => KeyValuePair.Create(n.Key, (JsonNode?)Number(n.Value))));
        // Without a point where it can be: PEFT takes ranks only so.
        static JsonValue Number(double number) => number == Math.Floor(number) ? JsonValue.Create((long)number) : JsonValue.Create(number);
    }
}
