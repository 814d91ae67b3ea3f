namespace Rge.Models.Checkpoints;

/// <summary>Names the ways in which checkpoints store quantised weights, where config.json does not say so.</summary>
internal static class Quantization
{
    private const string Advice = "expected weights in BF16, F16 or F32: take the checkpoint that this one was quantised from";

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
