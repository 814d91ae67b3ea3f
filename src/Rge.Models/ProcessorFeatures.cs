using System.Globalization;
using System.Numerics;
using System.Runtime.Intrinsics.X86;
using Rge.Files;
using Rge.Models.Kernels;

namespace Rge.Models;

/// <summary>What the processor can do, and which kernels are used on it. Stateless and thread-safe.</summary>
public static class ProcessorFeatures
{
    /// <summary>What Linux tells of the processors; null where it cannot be read, and on other systems.</summary>
    private static readonly Lazy<string?> CpuInfo = new(Read);

    /// <summary>Instructions that libtorch and the kernels differ by, as Linux names them.</summary>
    private static readonly string[] Wanted = ["avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8"];

    /// <summary>The name of the processor; <see langword="null"/> where the system does not tell.</summary>
    public static string? Name => Field("model name");

    /// <summary>The instructions that matter here and that the processor has.</summary>
    public static IReadOnlyList<string> Instructions =>
        Field("flags") is { } flags
            ? [.. Wanted.Intersect(flags.Split(' '), StringComparer.Ordinal)]
            : [.. Supported().Where(feature => feature.IsSupported).Select(feature => feature.Name)];

    /// <summary>The kernels that are used, in words.</summary>
    public static string Kernels =>
        string.Create(CultureInfo.InvariantCulture, $"vectors of {8 * Vector<byte>.Count} bits; attention of prompts ")
        + (PanelKernel.IsSupported ? "by AVX-512" : "by libtorch")
        + (WidenedLinear.IsFaster ? "; bfloat16 products in float32" : "");

    /// <summary>What the runtime tells of the processor, where the system does not.</summary>
    private static (string Name, bool IsSupported)[] Supported() =>
        [("avx2", Avx2.IsSupported), ("fma", Fma.IsSupported), ("avx512f", Avx512F.IsSupported), ("avx512bw", Avx512BW.IsSupported)];

    /// <summary>A field of the first processor in Linux's list.</summary>
    private static string? Field(string name) =>
        CpuInfo.Value?.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[^1].Trim();

    private static string? Read()
    {
        try
        {
            return OperatingSystem.IsLinux() ? FileReader.ReadText("/proc/cpuinfo") : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
