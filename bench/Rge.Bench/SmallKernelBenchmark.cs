using Rge.Models.Kernels;
using Rge.Models.Layers;
using static TorchSharp.torch;

namespace Rge.Bench;

/// <summary>The operators between the linear layers, for one token up to a short prompt.</summary>
internal static class SmallKernelBenchmark
{
    private const int Repeats = 50;

    public static void Run()
    {
        Console.WriteLine($"{"what", -8} {"rows", 4} {"torch µs", 9} {"kernel µs", 9} {"ratio", 6}");
        foreach (var rows in new[] { 1, 4, 32, 300 })
        {
            using var scope = NewDisposeScope();
            Tensor x = randn(rows, 1024),
                weight = Random(1024),
                heads = Random(rows, 8, 128),
                cos = randn(rows, 1, 64),
                sin = randn(rows, 1, 64);
            Tensor gate = Random(rows, 5504),
                up = Random(rows, 5504);
            var table = new RotaryTable(cos, sin);
            Report("norm", rows, () => Composed(x, weight), () => CpuKernels.RmsNorm(x, weight, 1e-6));
            Report("rotate", rows, () => table.Rotate(heads), () => CpuKernels.Rotate(heads, cos, sin));
            Report(
                "gate",
                rows,
                () => (nn.functional.silu(gate.to(ScalarType.Float32)) * up).to(ScalarType.BFloat16),
                () => CpuKernels.SiluProduct(gate, up)
            );
        }
    }

    private static Tensor Composed(Tensor x, Tensor weight)
    {
        var wide = x.to(ScalarType.Float32);
        return (wide * (wide.square().mean([-1], keepdim: true) + 1e-6).rsqrt_() * weight).to(weight.dtype);
    }

    private static void Report(string what, int rows, Action composed, Action kernel)
    {
        var medians = Interleaved.Medians(
            [new("torch", () => Repeat(composed, kernels: false)), new("kernel", () => Repeat(kernel, kernels: true))],
            rounds: 9
        );
        Console.WriteLine(
            $"{what, -8} {rows, 4} {medians[0] / Repeats, 9:F1} {medians[1] / Repeats, 9:F1} {medians[0] / medians[1], 6:F2}"
        );
    }

    private static void Repeat(Action action, bool kernels)
    {
        CpuKernels.Enabled = kernels;
        for (var i = 0; i < Repeats; i++)
        {
            using var step = NewDisposeScope();
            action();
        }
    }

    private static Tensor Random(params long[] shape) => randn(shape).to(ScalarType.BFloat16);
}
