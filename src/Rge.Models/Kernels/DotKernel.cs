using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Rge.Models.Kernels;

/// <summary>
/// Inner products of bfloat16 weight rows with a few bfloat16 input rows, summed in float32: the heart of a decoding step. It is bound by
/// memory: every weight that is read serves all input rows at once, and how the weights are walked matters more than how they are
/// multiplied.
/// </summary>
internal static unsafe class DotKernel
{
    /// <summary>Input rows that one pass over the weights can serve.</summary>
    public const int MaxRows = 4;

    // Beyond this the next two rows no longer fit in the first-level cache beside those in use.
    private const int WidestFetchedWhole = 4096;

    /// <summary>The width of a row must be a multiple of this.</summary>
    public static int WidthMultiple => 4 * Vector<float>.Count;

    /// <summary>
    /// sums[r · count + o] = Σ weight[o, i] · input[r, i] for <paramref name="count"/> weight rows and up to four input rows.
    /// </summary>
    public static void Multiply(BFloat16* weight, int count, BFloat16* input, int rows, int width, float* sums)
    {
        switch (rows)
        {
            case 1:
                MultiplyOne(weight, count, input, width, sums);
                break;
            case 2:
                MultiplyFew<IRowCount.Two>(weight, count, input, width, sums);
                break;
            case 3:
                MultiplyFew<IRowCount.Three>(weight, count, input, width, sums);
                break;
            default:
                MultiplyFew<IRowCount.Four>(weight, count, input, width, sums);
                break;
        }
    }

    /// <summary>One input row: the weights are a single stream, which the processor's own prefetching follows best.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyOne(BFloat16* weight, int count, BFloat16* x, int width, float* sums)
    {
        var step = 2 * Vector<float>.Count;
        for (var o = 0; o < count; o++, weight += width)
        {
            // Four sums: a fused multiply-add takes several cycles, and the next must not wait for it.
            Vector<float> sum0 = default,
                sum1 = default,
                sum2 = default,
                sum3 = default;
            for (var i = 0; i < width; i += 2 * step)
            {
                BFloat16.LoadShuffled(weight + i, out var even, out var odd);
                BFloat16.LoadShuffled(x + i, out var evenX, out var oddX);
                sum0 = Vector.FusedMultiplyAdd(even, evenX, sum0);
                sum1 = Vector.FusedMultiplyAdd(odd, oddX, sum1);
                BFloat16.LoadShuffled(weight + i + step, out even, out odd);
                BFloat16.LoadShuffled(x + i + step, out evenX, out oddX);
                sum2 = Vector.FusedMultiplyAdd(even, evenX, sum2);
                sum3 = Vector.FusedMultiplyAdd(odd, oddX, sum3);
            }
            sums[o] = Vector.Sum(sum0 + sum1 + (sum2 + sum3));
        }
    }

    /// <summary>Several input rows: two weight rows at a time, so that each input that is loaded serves twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyFew<TRows>(BFloat16* weight, int count, BFloat16* input, int width, float* sums)
        where TRows : IRowCount
    {
        var step = 2 * Vector<float>.Count;
        var whole = width <= WidestFetchedWhole;
        for (var o = 0; o < count; o += 2, weight += 2L * width)
        {
            // The last of an odd number of rows is its own partner.
            var partner = Math.Min(o + 1, count - 1);
            BFloat16* second = weight + (partner - o) * (long)width,
                next = weight + 2L * width;
            Vector<float> a0 = default,
                a1 = default,
                a2 = default,
                a3 = default,
                b0 = default,
                b1 = default,
                b2 = default,
                b3 = default;
            for (var i = 0; i < width; i += step)
            {
                if (Sse.IsSupported)
                {
                    // The next two rows are fetched one after the other: rows a power of two apart, read side by side without this, fall
                    // into the same sets of the cache and run at half the bandwidth. Fetching past the end does no harm.
                    Sse.Prefetch0(whole ? next + 2 * i : weight + i + WidestFetchedWhole / 4);
                    Sse.Prefetch0(whole ? next + 2 * i + step : second + i + WidestFetchedWhole / 4);
                }
                BFloat16.LoadShuffled(weight + i, out var evenA, out var oddA);
                BFloat16.LoadShuffled(second + i, out var evenB, out var oddB);
                var x = input + i;
                Accumulate(evenA, evenB, oddA, oddB, x, ref a0, ref b0);
                Accumulate(evenA, evenB, oddA, oddB, x + width, ref a1, ref b1);
                if (TRows.Value > 2)
                    Accumulate(evenA, evenB, oddA, oddB, x + 2L * width, ref a2, ref b2);
                if (TRows.Value > 3)
                    Accumulate(evenA, evenB, oddA, oddB, x + 3L * width, ref a3, ref b3);
            }
            (sums[o], sums[partner]) = (Vector.Sum(a0), Vector.Sum(b0));
            (sums[count + o], sums[count + partner]) = (Vector.Sum(a1), Vector.Sum(b1));
            if (TRows.Value > 2)
                (sums[2 * count + o], sums[2 * count + partner]) = (Vector.Sum(a2), Vector.Sum(b2));
            if (TRows.Value > 3)
                (sums[3 * count + o], sums[3 * count + partner]) = (Vector.Sum(a3), Vector.Sum(b3));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(
        Vector<float> evenA,
        Vector<float> evenB,
        Vector<float> oddA,
        Vector<float> oddB,
        BFloat16* x,
        ref Vector<float> a,
        ref Vector<float> b
    )
    {
        BFloat16.LoadShuffled(x, out var even, out var odd);
        a = Vector.FusedMultiplyAdd(oddA, odd, Vector.FusedMultiplyAdd(evenA, even, a));
        b = Vector.FusedMultiplyAdd(oddB, odd, Vector.FusedMultiplyAdd(evenB, even, b));
    }
}
