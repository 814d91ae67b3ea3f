using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>
/// What settings and options call devices: <c>cpu</c>, <c>cuda</c>, <c>cuda:N</c>, or <c>auto</c> for a GPU if there is one.
/// </summary>
public static class DeviceNames
{
    /// <summary>The names, as errors and help list them.</summary>
    public const string Expected = "auto, cpu, cuda or cuda:N";

    /// <summary>Whether a name is one.</summary>
    public static bool IsKnown(string? name) => name is "auto" or "cpu" or "cuda" || Number(name) is not null;

    /// <summary>The device of a name. Loads libtorch.</summary>
    /// <param name="name">The name.</param>
    /// <param name="device">The device.</param>
    /// <param name="problem">Why there is none, as a sentence.</param>
    /// <exception cref="NativeLibraryException">libtorch cannot be loaded.</exception>
    public static bool TryResolve(string name, [NotNullWhen(true)] out Device? device, [NotNullWhen(false)] out string? problem)
    {
        TorchLibrary.Require();
        (device, problem) = (null, null);
        if (!IsKnown(name))
            problem = $"'{name}' is no device, expected {Expected}.";
        else if (name == "cpu" || (name == "auto" && !cuda.is_available()))
            device = CPU;
        else if (!cuda.is_available())
            problem = "No CUDA device can be used: expected a GPU and a build with -p:TorchBackend=cuda; cpu or auto works without.";
        else if (Number(name) is { } number && number >= cuda.device_count())
            problem = $"There are {cuda.device_count()} GPUs, expected a number below that in {name}.";
        else
            device = new Device(name == "auto" ? "cuda" : name);
        return device is not null;
    }

    private static int? Number(string? name) =>
        name?.StartsWith("cuda:", StringComparison.Ordinal) == true
        && int.TryParse(name["cuda:".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
