using System.Globalization;
using Rge.Files;
using Rge.Models.Configuration;

namespace Rge.Models.Families;

/// <summary>Reads the decoder's fields, which have the same names in all families, from config.json.</summary>
internal static class TextFields
{
    /// <summary>Reads the fields.</summary>
    /// <param name="root">The object at the top of the file.</param>
    /// <param name="text">The object that holds the fields.</param>
    /// <param name="traits">What the family has beyond the fields.</param>
    /// <exception cref="CheckpointException">A field is missing or has a value that is not supported.</exception>
    public static TextConfig Read(ConfigReader root, ConfigReader text, TextTraits traits)
    {
        var hidden = text.Int("hidden_size", 1, 1 << 16);
        var heads = text.Int("num_attention_heads", 1, 1024);
        var keyValueHeads = text.Int("num_key_value_heads", 1, heads, fallback: heads);
        var headDim = text.Int("head_dim", 2, 1024, fallback: traits.DefaultHeadDim ?? hidden / heads);
        if (heads % keyValueHeads != 0)
            throw text.Error("num_key_value_heads", $"is {keyValueHeads}, which does not divide the {heads} attention heads");
        if (headDim % 2 != 0)
            throw text.Error("head_dim", $"is {headDim}, expected an even number");
        if (text.String("hidden_act", "silu") is not "silu" and var act)
            throw text.Error("hidden_act", $"is '{act}', expected silu");
        if (text.Bool("use_sliding_window", false))
            throw text.Error("use_sliding_window", "is true; sliding-window attention is not supported");

        var rope = text.Section("rope_parameters") ?? text.Section("rope_scaling");
        var ropeType = rope?.String("rope_type", null) ?? rope?.String("type", null) ?? "default";
        if (ropeType is not ("default" or "mrope"))
            throw text.Error("rope_scaling.type", $"is '{ropeType}', expected mrope or default");
        var rotaryDim = ReadRotaryDim(text, rope, headDim, traits);
        var section = rope?.Ints("mrope_section")
            ?? traits.DefaultMropeSection
            ?? throw text.Error("rope_scaling.mrope_section", "is missing");
        if (section.Count != 3 || section.Any(s => s < 0) || section.Sum(s => (long)s) != rotaryDim / 2)
            throw text.Error(
                "mrope_section",
                $"is [{string.Join(", ", section)}], expected three numbers that sum to half the "
                    + (
                        rotaryDim == headDim
                            ? $"head dimension, {headDim / 2}"
                            : $"{rotaryDim} numbers of a head that rotate, {rotaryDim / 2}"
                    )
            );
        var ropeTheta =
            rope?.Double("rope_theta", 1e-6, 1e15, double.NaN) is { } theta && !double.IsNaN(theta) ? theta : traits.DefaultRopeTheta;
        var attentionBias = traits.ReadsAttentionBias && text.Bool("attention_bias", false);
        return new TextConfig
        {
            HiddenSize = hidden,
            IntermediateSize = text.Int("intermediate_size", 1, 1 << 18),
            NumHiddenLayers = text.Int("num_hidden_layers", 1, 1024),
            NumAttentionHeads = heads,
            NumKeyValueHeads = keyValueHeads,
            HeadDim = headDim,
            VocabSize = text.Int("vocab_size", 1, 1 << 24),
            MaxPositionEmbeddings = text.Int("max_position_embeddings", 1, int.MaxValue, fallback: 32768),
            RmsNormEps = text.Double("rms_norm_eps", 0, 1, fallback: 1e-6),
            RopeTheta = text.Double("rope_theta", 1e-6, 1e15, fallback: ropeTheta),
            PartialRotaryDim = rotaryDim == headDim ? null : rotaryDim,
            MropeSection = section,
            MropeInterleaved = traits.MropeInterleaved,
            QkvBias = traits.QkvBias || attentionBias,
            OutputBias = attentionBias,
            QkNorm = traits.QkNorm,
            PadTokenId = ReadPadToken(text, text.Int("vocab_size", 1, 1 << 24)),
            TieWordEmbeddings = root.Bool("tie_word_embeddings", text.Bool("tie_word_embeddings", false)),
        };
    }

    /// <summary>
    /// How much of a head rotates: <c>partial_rotary_factor</c> of it, which newer files have among the rotary parameters and older ones
    /// beside them.
    /// </summary>
    private static int ReadRotaryDim(ConfigReader text, ConfigReader? rope, int headDim, TextTraits traits)
    {
        const string field = "partial_rotary_factor";
        if (traits.DefaultPartialRotaryFactor is not { } fallback)
            return headDim;
        var place = rope?.Has(field) == true ? rope : text;
        var factor = place.Double(field, 0, 1, fallback);
        var width = (int)(headDim * factor);
        return width > 0 && width % 2 == 0
            ? width
            : throw place.Error(
                field,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"is {factor}, which rotates {width} of a head's {headDim} numbers; expected a positive even count"
                )
            );
    }

    private static int? ReadPadToken(ConfigReader text, int vocabulary)
    {
        if (!text.Has("pad_token_id"))
            return null;
        // Counted from the end where it is negative, as the reference's embedding does.
        var token = text.Int("pad_token_id", -vocabulary, vocabulary - 1);
        return token < 0 ? token + vocabulary : token;
    }
}
