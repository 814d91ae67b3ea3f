using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Models.Configuration;

namespace Rge.Models.Checkpoints;

/// <summary>How config.json says that linear layers are stored in few bits.</summary>
internal sealed record QuantizationConfig
{
    /// <summary>The field of config.json.</summary>
    public const string Field = "quantization_config";

    private const string Own = "rge",
        Compression = "compression_config",
        Advice = "expected weights in BF16, F16 or F32: take the checkpoint that this one was quantised from";

    /// <summary>The layouts that are read.</summary>
    public enum Layout
    {
        /// <summary>What <see cref="QwenVlModel.Save"/> writes.</summary>
        Own,

        /// <summary>AWQ's, in the version that it calls gemm.</summary>
        Awq,

        /// <summary>GPTQ's, with zero points that are stored less one.</summary>
        Gptq,

        /// <summary>GPTQ's second, with zero points as they are.</summary>
        GptqV2,
    }

    /// <summary>The layout of the tensors.</summary>
    public required Layout Tensors { get; init; }

    /// <summary>Method and bits, in words.</summary>
    public required string Name { get; init; }

    /// <summary>Neighbouring inputs that share a scale; 0 for all of an output's.</summary>
    public int GroupSize { get; init; }

    /// <summary>Reads it from a parsed config.json.</summary>
    /// <returns>Null where the weights are numbers of the model's type.</returns>
    /// <exception cref="CheckpointException">The weights are stored in a way that is not read.</exception>
    public static QuantizationConfig? Read(JsonObject config, string path)
    {
        foreach (var holder in (JsonObject?[])[config, config["text_config"] as JsonObject])
        foreach (var field in (string[])[Field, Compression])
            if (holder?[field] is { } described)
                return Parse(described as JsonObject, path, field);
        return null;
    }

    /// <summary>What config.json says of weights that are written in the own layout.</summary>
    public static JsonObject Describe(WeightFormat format) =>
        new()
        {
            ["quant_method"] = Own,
            ["bits"] = format == WeightFormat.Int8 ? 8 : 4,
            ["version"] = 1,
        };

    /// <summary>Takes what is said of quantised weights out of a config.json.</summary>
    public static void Remove(JsonObject config)
    {
        foreach (var holder in (JsonObject?[])[config, config["text_config"] as JsonObject])
        foreach (var field in (string[])[Field, Compression])
            holder?.Remove(field);
    }

    private static QuantizationConfig Parse(JsonObject? described, string path, string field)
    {
        var (method, bits) = (Text("quant_method"), Whole("bits"));
        switch (method?.ToUpperInvariant())
        {
            case "RGE" when Whole("version") is 1 && bits is 4 or 8:
                return new() { Tensors = Layout.Own, Name = $"rge quantize ({bits} bits)" };
            case "RGE":
                throw new CheckpointException(
                    $"{path}: {field} describes version {Show("version")} with {Show("bits")} bits, expected version 1 with 4 or 8 bits: "
                        + "take a newer release, or quantise the checkpoint again."
                );
            case "AWQ" when bits == 4:
                Require("version", "gemm");
                return new()
                {
                    Tensors = Layout.Awq,
                    Name = Name(),
                    GroupSize = Group(),
                };
            case "GPTQ" when bits == 4:
                Require("pack_dtype", "int32");
                return Text("checkpoint_format") switch
                {
                    null or "gptq" => new()
                    {
                        Tensors = Layout.Gptq,
                        Name = Name(),
                        GroupSize = Group(),
                    },
                    "gptq_v2" => new()
                    {
                        Tensors = Layout.GptqV2,
                        Name = Name(),
                        GroupSize = Group(),
                    },
                    var other => throw Unread("checkpoint_format", other, "gptq or gptq_v2"),
                };
            default:
                throw new CheckpointException(
                    $"{path}: {field} says that the weights are quantised with {Name()}, which is not read; {Advice}."
                );
        }

        int Group() =>
            described!["group_size"] is null
                ? 128
                : Whole("group_size") switch
                {
                    -1 => 0,
                    { } size and > 0 when size % 32 == 0 => size,
                    _ => throw Unread("group_size", Show("group_size"), "a positive multiple of 32, or -1"),
                };
        void Require(string member, string expected)
        {
            if (described?[member] is not null && !string.Equals(Text(member), expected, StringComparison.OrdinalIgnoreCase))
                throw Unread(member, Show(member), expected);
        }
        CheckpointException Unread(string member, string given, string expected) =>
            new($"{path}: {field}.{member} is {given}, expected {expected}; or take the checkpoint that this one was quantised from.");
        string Name()
        {
            var stored =
                bits is { } number ? string.Create(CultureInfo.InvariantCulture, $" ({number} bits)")
                : Flag("load_in_4bit") ? " (4 bits)"
                : Flag("load_in_8bit") ? " (8 bits)"
                : "";
            var name = method?.ToUpperInvariant() switch
            {
                null => Flag("load_in_4bit") || Flag("load_in_8bit") ? "bitsandbytes" : "an unnamed method",
                "AWQ" or "GPTQ" or "HQQ" or "AQLM" or "FP8" => method.ToUpperInvariant(),
                "FBGEMM_FP8" or "FINEGRAINED_FP8" => "FP8",
                _ => method.Length <= 40 ? method : method[..40],
            };
            return name + stored;
        }
        string? Text(string member) => described?[member] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        int? Whole(string member) => described?[member] is JsonValue value && value.TryGetValue<int>(out var number) ? number : null;
        bool Flag(string member) => described?[member] is JsonValue value && value.TryGetValue<bool>(out var set) && set;
        string Show(string member)
        {
            var shown = described?[member]?.ToJsonString() ?? "missing";
            return shown.Length <= 40 ? shown : shown[..40];
        }
    }
}
