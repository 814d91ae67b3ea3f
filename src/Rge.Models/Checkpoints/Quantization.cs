using System.Text.Json.Nodes;

namespace Rge.Models.Checkpoints;

/// <summary>Names the ways in which checkpoints store quantised weights, none of which is read.</summary>
internal static class Quantization
{
    private const string Advice = "expected weights in BF16, F16 or F32: take the checkpoint that this one was quantised from";

    /// <summary>Refuses a config.json that says that the weights are quantised.</summary>
    /// <exception cref="CheckpointException">It says so.</exception>
    public static void Refuse(JsonObject config, string path)
    {
        foreach (var holder in (JsonObject?[])[config, config["text_config"] as JsonObject])
        foreach (var field in (string[])["quantization_config", "compression_config"])
            if (holder?[field] is { } described)
                throw new CheckpointException(
                    $"{path}: {field} says that the weights are quantised with {Method(described as JsonObject)}, which is not read; "
                        + $"{Advice}."
                );
    }

    /// <summary>What stored tensors are quantised with, by their names; null where nothing tells.</summary>
    public static string? Problem(IEnumerable<string> tensors)
    {
        foreach (var name in tensors)
            if (OfTensor(name) is { } method)
                return $"the tensor {name} is of weights quantised with {method}, which is not read; {Advice}";
        return null;
    }

    /// <summary>
    /// What to add to a message about a number type that is not read: that it is one of quantised weights. Empty where it is not.
    /// </summary>
    public static string Hint(string dtype) =>
        dtype.Length > 2 && dtype[..2] is "F8" or "F6" or "F4"
            ? $"; FP{dtype[1]} weights are quantised: take the checkpoint they were made from"
            : "";

    private static string Method(JsonObject? described)
    {
        var bits =
            Number("bits") is { } stored ? $" ({stored} bits)"
            : Flag("load_in_4bit") ? " (4 bits)"
            : Flag("load_in_8bit") ? " (8 bits)"
            : "";
        var method = described?["quant_method"] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        var name = method?.ToUpperInvariant() switch
        {
            null => Flag("load_in_4bit") || Flag("load_in_8bit") ? "bitsandbytes" : "an unnamed method",
            "AWQ" or "GPTQ" or "HQQ" or "AQLM" or "FP8" => method.ToUpperInvariant(),
            "FBGEMM_FP8" or "FINEGRAINED_FP8" => "FP8",
            _ => method.Length <= 40 ? method : method[..40],
        };
        return name + bits;

        string? Number(string field) =>
            described?[field] is JsonValue number && number.TryGetValue<int>(out var whole)
                ? whole.ToString(System.Globalization.CultureInfo.InvariantCulture)
                : null;
        bool Flag(string field) => described?[field] is JsonValue flag && flag.TryGetValue<bool>(out var set) && set;
    }

    private static string? OfTensor(string name) =>
        name.EndsWith(".qweight", StringComparison.Ordinal) || name.EndsWith(".qzeros", StringComparison.Ordinal) ? "AWQ or GPTQ"
        : name.Contains(".quant_state.", StringComparison.Ordinal)
        || name.EndsWith(".absmax", StringComparison.Ordinal)
        || name.EndsWith(".SCB", StringComparison.Ordinal)
            ? "bitsandbytes"
        : name.EndsWith(".weight_scale_inv", StringComparison.Ordinal) || name.EndsWith(".weight_scale", StringComparison.Ordinal) ? "FP8"
        : name.EndsWith(".weight_packed", StringComparison.Ordinal) ? "compressed-tensors"
        : null;
}
