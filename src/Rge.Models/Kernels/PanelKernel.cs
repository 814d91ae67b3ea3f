using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Rge.Models.Kernels;

/// <summary>
/// Products of a float32 matrix A with panels of 32 columns, <c>[rows, 32]</c>, and the softmax down such a panel: two vectors of 512 bits
/// side by side, so that each element of A that is read is used twice. Every panel begins at a cache line.
/// </summary>
internal static unsafe class PanelKernel
{
    /// <summary>True where the processor has vectors of 512 bits, and they pay.</summary>
    public static bool IsSupported => Vector512.IsHardwareAccelerated && Avx512F.IsSupported;

    /// <summary>Columns of a panel.</summary>
    public const int Panel = 2 * Lanes;

    /// <summary>A score that weighs nothing: finite, so that no difference of two is undefined.</summary>
    public const float Hidden = -1e30f;

    private const int Lanes = 16;

    /// <summary>C = A B.</summary>
    /// <param name="a">A, <c>[m, k]</c>.</param>
    /// <param name="rowStride">Elements from a row of A to the next.</param>
    /// <param name="columnStride">Elements from a column of A to the next.</param>
    /// <param name="m">A multiple of 8.</param>
    /// <param name="k">Columns of A.</param>
    /// <param name="b">B, a panel of k rows.</param>
    /// <param name="c">C, a panel of m rows; written.</param>
    public static void Multiply(float* a, long rowStride, long columnStride, int m, int k, float* b, float* c)
    {
        for (var i = 0; i < m; i += 8, a += 8 * rowStride, c += 8 * Panel)
            Step<Overwrite>(a, rowStride, columnStride, k, b, c, default, default);
    }

    /// <summary>C = C · rescale + A B; parameters as in <see cref="Multiply"/>.</summary>
    public static void RescaleAndAdd(
        float* a,
        long rowStride,
        long columnStride,
        int m,
        int k,
        float* b,
        float* c,
        Vector512<float> rescale0,
        Vector512<float> rescale1
    )
    {
        for (var i = 0; i < m; i += 8, a += 8 * rowStride, c += 8 * Panel)
            Step<Add>(a, rowStride, columnStride, k, b, c, rescale0, rescale1);
    }

    /// <summary>Turns scores into exp(score − maximum), column by column.</summary>
    /// <param name="scores">A panel of count rows; overwritten.</param>
    /// <param name="count">At least 1.</param>
    /// <param name="maxima">Running maximum of each column; updated.</param>
    /// <param name="totals">Running sum of each column; updated.</param>
    /// <param name="rescale0">Factors for what was summed before, of the first sixteen columns.</param>
    /// <param name="rescale1">The same of the others.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Softmax(
        float* scores,
        int count,
        float* maxima,
        float* totals,
        out Vector512<float> rescale0,
        out Vector512<float> rescale1
    )
    {
        Vector512<float> before0 = Vector512.Load(maxima),
            before1 = Vector512.Load(maxima + Lanes),
            next0 = before0,
            next1 = before1;
        for (var t = 0; t < count; t++)
        {
            next0 = Vector512.Max(next0, Vector512.Load(scores + t * Panel));
            next1 = Vector512.Max(next1, Vector512.Load(scores + t * Panel + Lanes));
        }
        Vector512<float> sum0 = default,
            sum1 = default;
        for (var t = 0; t < count; t++)
        {
            Vector512<float> weight0 = Exponential.Of(Vector512.Load(scores + t * Panel) - next0),
                weight1 = Exponential.Of(Vector512.Load(scores + t * Panel + Lanes) - next1);
            weight0.Store(scores + t * Panel);
            weight1.Store(scores + t * Panel + Lanes);
            sum0 += weight0;
            sum1 += weight1;
        }
        (rescale0, rescale1) = (Exponential.Of(before0 - next0), Exponential.Of(before1 - next1));
        next0.Store(maxima);
        next1.Store(maxima + Lanes);
        Vector512.FusedMultiplyAdd(Vector512.Load(totals), rescale0, sum0).Store(totals);
        Vector512.FusedMultiplyAdd(Vector512.Load(totals + Lanes), rescale1, sum1).Store(totals + Lanes);
    }

    /// <summary>Turns eight rows of eight into columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose8(float* source, long sourceStride, float* target, long targetStride)
    {
        Vector256<float> r0 = Row(0),
            r1 = Row(1),
            r2 = Row(2),
            r3 = Row(3),
            r4 = Row(4),
            r5 = Row(5),
            r6 = Row(6),
            r7 = Row(7);
        // Pairs of rows, then fours, then halves.
        Vector256<float> p0 = Avx.UnpackLow(r0, r1),
            p1 = Avx.UnpackHigh(r0, r1),
            p2 = Avx.UnpackLow(r2, r3),
            p3 = Avx.UnpackHigh(r2, r3);
        Vector256<float> p4 = Avx.UnpackLow(r4, r5),
            p5 = Avx.UnpackHigh(r4, r5),
            p6 = Avx.UnpackLow(r6, r7),
            p7 = Avx.UnpackHigh(r6, r7);
        const byte Lower = 0x44,
            Upper = 0xee,
            LowHalves = 0x20,
            HighHalves = 0x31;
        Vector256<float> f0 = Avx.Shuffle(p0, p2, Lower),
            f1 = Avx.Shuffle(p0, p2, Upper),
            f2 = Avx.Shuffle(p1, p3, Lower),
            f3 = Avx.Shuffle(p1, p3, Upper);
        Vector256<float> f4 = Avx.Shuffle(p4, p6, Lower),
            f5 = Avx.Shuffle(p4, p6, Upper),
            f6 = Avx.Shuffle(p5, p7, Lower),
            f7 = Avx.Shuffle(p5, p7, Upper);
        Avx.Permute2x128(f0, f4, LowHalves).Store(target);
        Avx.Permute2x128(f1, f5, LowHalves).Store(target + targetStride);
        Avx.Permute2x128(f2, f6, LowHalves).Store(target + 2 * targetStride);
        Avx.Permute2x128(f3, f7, LowHalves).Store(target + 3 * targetStride);
        Avx.Permute2x128(f0, f4, HighHalves).Store(target + 4 * targetStride);
        Avx.Permute2x128(f1, f5, HighHalves).Store(target + 5 * targetStride);
        Avx.Permute2x128(f2, f6, HighHalves).Store(target + 6 * targetStride);
        Avx.Permute2x128(f3, f7, HighHalves).Store(target + 7 * targetStride);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        Vector256<float> Row(int row) => Vector256.Load(source + row * sourceStride);
    }

    /// <summary>
    /// Eight rows of C, in sixteen registers: as many sums as keep both multipliers busy while each waits for the one before it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Step<TTarget>(
        float* a,
        long rowStride,
        long columnStride,
        int k,
        float* b,
        float* c,
        Vector512<float> rescale0,
        Vector512<float> rescale1
    )
        where TTarget : struct
    {
        float* a0 = a,
            a1 = a0 + rowStride,
            a2 = a1 + rowStride,
            a3 = a2 + rowStride,
            a4 = a3 + rowStride,
            a5 = a4 + rowStride,
            a6 = a5 + rowStride,
            a7 = a6 + rowStride;
        Vector512<float> c00 = default,
            c01 = default,
            c10 = default,
            c11 = default,
            c20 = default,
            c21 = default,
            c30 = default,
            c31 = default;
        Vector512<float> c40 = default,
            c41 = default,
            c50 = default,
            c51 = default,
            c60 = default,
            c61 = default,
            c70 = default,
            c71 = default;
        if (typeof(TTarget) == typeof(Add))
        {
            (c00, c01) = (Vector512.Load(c) * rescale0, Vector512.Load(c + Lanes) * rescale1);
            (c10, c11) = (Vector512.Load(c + Panel) * rescale0, Vector512.Load(c + Panel + Lanes) * rescale1);
            (c20, c21) = (Vector512.Load(c + 2 * Panel) * rescale0, Vector512.Load(c + 2 * Panel + Lanes) * rescale1);
            (c30, c31) = (Vector512.Load(c + 3 * Panel) * rescale0, Vector512.Load(c + 3 * Panel + Lanes) * rescale1);
            (c40, c41) = (Vector512.Load(c + 4 * Panel) * rescale0, Vector512.Load(c + 4 * Panel + Lanes) * rescale1);
            (c50, c51) = (Vector512.Load(c + 5 * Panel) * rescale0, Vector512.Load(c + 5 * Panel + Lanes) * rescale1);
            (c60, c61) = (Vector512.Load(c + 6 * Panel) * rescale0, Vector512.Load(c + 6 * Panel + Lanes) * rescale1);
            (c70, c71) = (Vector512.Load(c + 7 * Panel) * rescale0, Vector512.Load(c + 7 * Panel + Lanes) * rescale1);
        }
        long at = 0;
        for (var end = b + (long)k * Panel; b < end; b += Panel, at += columnStride)
        {
            Vector512<float> b0 = Vector512.Load(b),
                b1 = Vector512.Load(b + Lanes),
                x;
            x = Vector512.Create(a0[at]);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            x = Vector512.Create(a1[at]);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            x = Vector512.Create(a2[at]);
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            x = Vector512.Create(a3[at]);
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            x = Vector512.Create(a4[at]);
            c40 = Vector512.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
            x = Vector512.Create(a5[at]);
            c50 = Vector512.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
            x = Vector512.Create(a6[at]);
            c60 = Vector512.FusedMultiplyAdd(x, b0, c60);
            c61 = Vector512.FusedMultiplyAdd(x, b1, c61);
            x = Vector512.Create(a7[at]);
            c70 = Vector512.FusedMultiplyAdd(x, b0, c70);
            c71 = Vector512.FusedMultiplyAdd(x, b1, c71);
        }
        Put(c, c00, c01);
        Put(c + Panel, c10, c11);
        Put(c + 2 * Panel, c20, c21);
        Put(c + 3 * Panel, c30, c31);
        Put(c + 4 * Panel, c40, c41);
        Put(c + 5 * Panel, c50, c51);
        Put(c + 6 * Panel, c60, c61);
        Put(c + 7 * Panel, c70, c71);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* target, Vector512<float> left, Vector512<float> right)
    {
        left.Store(target);
        right.Store(target + Lanes);
    }

    private readonly struct Overwrite;

    private readonly struct Add;
}
