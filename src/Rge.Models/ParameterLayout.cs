using Rge.Models.Families;
using Rge.Models.Layers;

namespace Rge.Models;

/// <summary>Names and shapes of every tensor a checkpoint of a given configuration holds, by the newest Hugging Face names.</summary>
public static class ParameterLayout
{
    /// <summary>
    /// Name of the output projection; absent from checkpoints whose <see cref="Configuration.TextConfig.TieWordEmbeddings"/> is true.
    /// </summary>
    public const string OutputProjection = LanguageModel.OutputProjection;

    /// <summary>Name of the token embedding.</summary>
    public const string TokenEmbedding = LanguageModel.TokenEmbedding;

    /// <summary>
    /// Lists the tensors of a configuration, in the order of the forward pass. Found by constructing the model's layers without weights.
    /// </summary>
    public static IReadOnlyDictionary<string, long[]> Create(QwenVlConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Record(config).Shapes;
    }

    /// <summary>
    /// The tensors that are kept in float32 whatever the number type of the model, because a recurrence raises their rounding to the power
    /// of the number of tokens.
    /// </summary>
    public static IReadOnlySet<string> Float32Names(QwenVlConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Record(config).Float32Names;
    }

    /// <summary>
    /// Whether a tensor that <see cref="Create"/> does not list may lie in a checkpoint all the same: the output projection where it is
    /// tied, and what the family's released checkpoints hold for other uses.
    /// </summary>
    public static bool IsIgnorable(QwenVlConfig config, string name)
    {
        ArgumentNullException.ThrowIfNull(config);
        return (config.Text.TieWordEmbeddings && name == OutputProjection) || FamilyRegistry.Definition(config.Family).IsUnused(name);
    }

    private static LayoutRecorder Record(QwenVlConfig config)
    {
        var recorder = new LayoutRecorder();
        var family = FamilyRegistry.Definition(config.Family);
        _ = new VisionTower(config.Vision, family, recorder);
        _ = new LanguageModel(config.Text, family, recorder);
        return recorder;
    }

    /// <summary>
    /// Names of the weights that may have few bits: those of the linear layers of the decoder's and the vision tower's blocks, where nearly
    /// all parameters are, but for those that the family keeps.
    /// </summary>
    internal static IReadOnlySet<string> Roundable(QwenVlConfig config) =>
        Record(config)
            .Linears.Keys.Where(module =>
                module.StartsWith(LanguageModel.Layers, StringComparison.Ordinal)
                || module.StartsWith(VisionTower.Blocks, StringComparison.Ordinal)
            )
            .Where(module => !FamilyRegistry.Definition(config.Family).StaysDense(module))
            .Select(module => module + ".weight")
            .ToHashSet(StringComparer.Ordinal);
}
