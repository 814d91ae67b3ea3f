using System.Globalization;
using static TorchSharp.torch;

namespace Rge.Training.Settings;

/// <summary>What settings call devices: <c>cpu</c>, <c>cuda</c>, <c>cuda:N</c>, or <c>auto</c> for a GPU if there is one.</summary>
public static class DeviceNames
{
    /// <summary>The names, as errors and help list them.</summary>
    public const string Expected = "auto, cpu, cuda or cuda:N";

    /// <summary>Whether a name is one.</summary>
    public static bool IsKnown(string? name) => name is "auto" or "cpu" or "cuda" || Number(name) is not null;

    /// <summary>The device of a name. Loads libtorch.</summary>
    /// <exception cref="TrainingException">The name is not known, or there is no such GPU.</exception>
    public static Device Resolve(string name)
    {
        if (!IsKnown(name)) throw new TrainingException($"model.device is '{name}', expected {Expected}.");
        if (name == "cpu" || (name == "auto" && !cuda.is_available())) return device("cpu");
        if (!cuda.is_available())
            throw new TrainingException(
                $"model.device is {name}, but no CUDA device can be used: expected a GPU and a build with -p:TorchBackend=cuda; cpu or auto works without.");
        if (Number(name) is { } number && number >= cuda.device_count())
            throw new TrainingException($"model.device is {name}, expected a number below {cuda.device_count()}, the number of GPUs here.");
        return device(name == "auto" ? "cuda" : name);
    }

    private static int? Number(string? name) =>
        name?.StartsWith("cuda:", StringComparison.Ordinal) == true && int.TryParse(name["cuda:".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
