using Rge.Files;
using Rge.Models.Configuration;

namespace Rge.Models.Families;

/// <summary>Reads what the families' vision towers have in common from config.json.</summary>
internal static class VisionFields
{
    /// <summary>Reads the common fields, the family's own given.</summary>
    /// <param name="vision">The object that holds the fields.</param>
    /// <param name="textHidden">The decoder's width.</param>
    /// <param name="widthField">Name of the field that holds the tower's width.</param>
    /// <param name="outputField">Name of the field that holds the width of a merged patch.</param>
    /// <param name="defaultOutput">That width where the field is missing; null where it must be there.</param>
    /// <param name="defaultActivation">Activation of the blocks where none is named.</param>
    /// <param name="intermediateSize">Width of the blocks' MLP, found from the tower's; null for the field of that name.</param>
    /// <exception cref="CheckpointException">A field is missing or has a value that is not supported.</exception>
    public static VisionConfig Read(
        ConfigReader vision,
        int textHidden,
        string widthField,
        string outputField,
        int? defaultOutput,
        string defaultActivation,
        Func<int, int>? intermediateSize = null
    )
    {
        var hidden = vision.Int(widthField, 1, 1 << 16);
        var heads = vision.Int("num_heads", 1, 1024);
        var depth = vision.Int("depth", 1, 1024);
        if (hidden % heads != 0 || hidden / heads % 4 != 0)
            throw vision.Error("num_heads", $"is {heads}, expected a divisor of the width {hidden} that leaves heads of a multiple of 4");
        var activation = vision.String("hidden_act", defaultActivation)!;
        if (activation is not ("silu" or "quick_gelu" or "gelu" or "gelu_pytorch_tanh"))
            throw vision.Error("hidden_act", $"is '{activation}', expected silu, quick_gelu, gelu or gelu_pytorch_tanh");
        var config = new VisionConfig
        {
            Depth = depth,
            HiddenSize = hidden,
            IntermediateSize = intermediateSize?.Invoke(hidden) ?? vision.Int("intermediate_size", 1, 1 << 18),
            NumHeads = heads,
            OutHiddenSize = defaultOutput is { } width
                ? vision.Int(outputField, 1, 1 << 16, fallback: width)
                : vision.Int(outputField, 1, 1 << 16),
            PatchSize = vision.Int("patch_size", 1, 256),
            SpatialMergeSize = vision.Int("spatial_merge_size", 1, 16, fallback: 2),
            TemporalPatchSize = vision.Int("temporal_patch_size", 1, 16, fallback: 2),
            InChannels = vision.Int("in_channels", 1, 16, fallback: vision.Int("in_chans", 1, 16, fallback: 3)),
            HiddenAct = activation,
        };
        return config.OutHiddenSize == textHidden
            ? config
            : throw vision.Error(outputField, $"is {config.OutHiddenSize}, expected the decoder's width {textHidden}");
    }
}
