using Rge.Models.Kernels;
using static TorchSharp.torch;

namespace Rge.Bench;

/// <summary>Linear layers of the 700m shape, and one of the 3b shape, on bfloat16 weights that are not in the processor's cache.</summary>
internal static class LinearBenchmark
{
    public static void Run()
    {
        Console.WriteLine($"{"layer", -8} {"rows", 4} {"torch µs", 9} {"GB/s", 6} {"kernel µs", 9} {"GB/s", 6} {"ratio", 6}");
        foreach (
            var (name, outputs, inputs) in new[]
            {
                ("q, o", 1024, 1024),
                ("k, v", 256, 1024),
                ("gate, up", 5504, 1024),
                ("down", 1024, 5504),
                ("lm_head", 32768, 1024),
                ("3b gate", 11008, 2048),
            }
        )
        {
            using var scope = NewDisposeScope();
            // As many copies as exceed any cache, visited in turn.
            var bytes = 2L * outputs * inputs;
            Tensor[] weights = [.. Enumerable.Range(0, (int)Math.Max(2, 200_000_000 / bytes)).Select(_ => Random(outputs, inputs))];
            var turn = 0;
            foreach (var rows in new[] { 1, 2, 3, 4, 8, 16, 32, 320 })
            {
                var x = Random(rows, inputs);
                var multiply = Kernel(x, weights[0]);
                var medians = Interleaved.Medians(
                    [
                        new("torch", () => nn.functional.linear(x, Next()).Dispose()),
                        new("kernel", () => multiply?.Invoke(x, Next()).Dispose()),
                    ],
                    rounds: rows > 4 ? 15 : 99
                );
                Console.WriteLine(
                    $"{name, -8} {rows, 4} {medians[0], 9:F0} {bytes / medians[0] / 1e3, 6:F1}"
                        + (
                            multiply is not null
                                ? $" {medians[1], 9:F0} {bytes / medians[1] / 1e3, 6:F1} {medians[0] / medians[1], 6:F2}"
                                : ""
                        )
                );
            }

            Tensor Next() => weights[turn++ % weights.Length];
        }
    }

    /// <summary>What the model multiplies with in place of torch; null where it is torch.</summary>
    private static Func<Tensor, Tensor, Tensor>? Kernel(Tensor x, Tensor weight) =>
        CpuKernels.SupportsLinear(x, weight) ? (input, weights) => CpuKernels.Linear(input, weights, bias: null)
        : WidenedLinear.Supports(x, weight, bias: null) ? (input, weights) => WidenedLinear.Multiply(input, weights, bias: null)
        : null;

    private static Tensor Random(long rows, long width) => randn(rows, width).to(ScalarType.BFloat16);
}
