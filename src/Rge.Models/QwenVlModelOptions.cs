using Rge.Models.Configuration;
using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>How a checkpoint is loaded.</summary>
public sealed record QwenVlModelOptions
{
    /// <summary>Number type of weights and activations; <see langword="null"/> keeps the checkpoint's own.</summary>
    public ScalarType? DType { get; init; }

    /// <summary>
    /// Folder of a LoRA or DoRA adapter in PEFT's layout, merged into the weights while they load; <see langword="null"/> for none.
    /// </summary>
    public string? Adapter { get; init; }

    /// <summary>
    /// Whether every parameter is read into memory of its own, so that it can be trained; otherwise those of the wanted number type stay in
    /// the memory-mapped file, which is meant for reading.
    /// </summary>
    public bool Writable { get; init; }

    /// <summary>Where the model runs; <see langword="null"/> is the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>
    /// How the linear layers of decoder and vision blocks hold their weights; <see langword="null"/> as they are stored. Those of few bits
    /// are rounded while they load, after an adapter is merged; beside those that are stored in few bits it is applied on the fly. They run
    /// on the CPU and cannot be trained; all else keeps the number type.
    /// </summary>
    public WeightFormat? Weights { get; init; }
}
