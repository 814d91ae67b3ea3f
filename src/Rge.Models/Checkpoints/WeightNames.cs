namespace Rge.Models.Checkpoints;

/// <summary>
/// Translates names of tensors and modules between the two namings, and from those of a model without its output projection (transformers'
/// <c>AutoModel</c>: <c>language_model.layers…</c>). Names of no such form, such as <c>lm_head.weight</c>, stay.
/// </summary>
public static class WeightNames
{
    private const string Model = "model.",
        Text = "model.language_model.",
        OldVisual = "visual.",
        Visual = "model.visual.",
        BareText = "language_model.";

    /// <summary>How names of the decoder alone begin.</summary>
    private static readonly string[] Decoder = ["layers.", "embed_tokens.", "norm."];

    /// <summary>The canonical (new) name.</summary>
    public static string Canonical(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name switch
        {
            _ when Is(name, OldVisual) || Is(name, BareText) => Model + name,
            _ when IsOld(name) => Text + name[Model.Length..],
            _ when Array.Exists(Decoder, start => Is(name, start)) => Text + name,
            _ => name,
        };
    }

    /// <summary>The name under a naming.</summary>
    /// <param name="name">A name of any form.</param>
    /// <param name="naming">The naming wanted.</param>
    public static string As(string name, WeightNaming naming)
    {
        var canonical = Canonical(name);
        return naming switch
        {
            WeightNaming.New => canonical,
            _ when Is(canonical, Visual) => canonical[Model.Length..],
            _ when Is(canonical, Text) => Model + canonical[Text.Length..],
            _ => canonical,
        };
    }

    /// <summary>Whether a name has the old form and another new one.</summary>
    public static bool IsOld(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Is(name, OldVisual) || (Is(name, Model) && !Is(name, Text) && !Is(name, Visual));
    }

    private static bool Is(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal);
}
