using Rge.Models;

namespace Rge.Training.Settings;

/// <summary>The model of a run, and which of its parameters are trained.</summary>
public sealed record ModelSettings
{
    /// <summary>Checkpoint folder to start from. Exactly one of this and <see cref="Shape"/> is set.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>
    /// Whether the run starts with a copy of the checkpoint, in its own folder, that has the token <c>&lt;emb&gt;</c>, where the checkpoint
    /// lacks it, as a stock Qwen-VL does. Its embedding is initialized with the mean of all others.
    /// </summary>
    public bool AddEmbToken { get; init; }

    /// <summary>Shape of a new model with random weights: <c>shapeworld</c>, with the tokenizer of ShapeWorld's words.</summary>
    public string? Shape { get; init; }

    /// <summary>
    /// Number type of the weights, <c>float32</c> or <c>bfloat16</c>; the checkpoint's own unless given. With bfloat16 the optimizer keeps
    /// float32 master copies.
    /// </summary>
    public string? Dtype { get; init; }

    /// <summary>
    /// Device of the model: <c>cpu</c>, <c>cuda</c>, <c>cuda:N</c>, or <c>auto</c>, which takes a GPU if there is one.
    /// </summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Whether the vision tower is frozen.</summary>
    public bool FreezeVision { get; init; }

    /// <summary>Trains an adapter beside frozen weights; <see langword="null"/> trains the weights.</summary>
    public AdapterSettings? Adapter { get; init; }

    /// <summary>Whether the activations of decoder layers are computed again in the backward pass instead of being kept.</summary>
    public bool ActivationCheckpointing { get; init; }

    internal void Validate()
    {
        SettingCheck.That(
            (Checkpoint is null) != (Shape is null),
            "model",
            $"checkpoint={Checkpoint ?? "none"} shape={Shape ?? "none"}",
            "exactly one of checkpoint and shape"
        );
        SettingCheck.That(
            !AddEmbToken || Checkpoint is not null,
            "model.add_emb_token",
            "true",
            "false, because a new model has the token"
        );
        SettingCheck.That(Dtype is null or "float32" or "bfloat16", "model.dtype", Dtype, "float32 or bfloat16");
        SettingCheck.That(DeviceNames.IsKnown(Device), "model.device", Device, DeviceNames.Expected);
        Adapter?.Validate("model.adapter");
    }
}
