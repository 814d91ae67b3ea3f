using Rge.Models.Kernels;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Rge.Bench;

/// <summary>Attention of one query token a sequence, 8 query heads on 2 key heads of 128, over cache rows of unequal length.</summary>
internal static class AttentionBenchmark
{
    private const int Layers = 18,
        Heads = 8,
        KeyHeads = 2,
        HeadDim = 128;

    public static void Run()
    {
        Console.WriteLine($"{"rows", 4} {"tokens", 6} {"torch µs", 9} {"kernel µs", 9} {"ratio", 6}");
        foreach (var rows in new[] { 1, 4, 8, 32 })
        {
            foreach (var longest in new[] { 128, 384, 1024 })
            {
                using var scope = NewDisposeScope();
                var slots = Enumerable.Range(0, rows).ToArray();
                var lengths = slots.Select(i => longest - i * longest / (2 * rows)).ToArray();
                Tensor[] keys = Caches(),
                    values = Caches();
                var query = randn(rows, Heads, HeadDim).to(ScalarType.BFloat16);
                var mask = (arange(longest) < tensor(lengths.Select(n => (long)n).ToArray()).unsqueeze(1)).view(rows, 1, 1, longest);
                var medians = Interleaved.Medians(
                    [
                        new("torch", () =>
                            ForEach(
                                (k, v) =>
                                    scaled_dot_product_attention(
                                        query.view(rows, KeyHeads, Heads / KeyHeads, HeadDim),
                                        k.narrow(2, 0, longest),
                                        v.narrow(2, 0, longest),
                                        rows == 1 ? null : mask
                                    )
                            )
                        ),
                        new("kernel", () => ForEach((k, v) => CpuKernels.AttendStep(query, k, v, slots, lengths))),
                    ],
                    rounds: 9
                );
                Console.WriteLine(
                    $"{rows, 4} {longest, 6} {medians[0] / Layers, 9:F0} {medians[1] / Layers, 9:F0} {medians[0] / medians[1], 6:F2}"
                );

                Tensor[] Caches() =>
                    [.. Enumerable.Range(0, Layers).Select(_ => randn(rows, KeyHeads, longest + 100, HeadDim).to(ScalarType.BFloat16))];

                void ForEach(Func<Tensor, Tensor, Tensor> attend)
                {
                    for (var i = 0; i < Layers; i++)
                    {
                        using var step = NewDisposeScope();
                        attend(keys[i], values[i]);
                    }
                }
            }
        }
    }
}
