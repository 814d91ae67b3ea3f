using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>
/// Products of a vector's worth of queries, one to a lane, with rows of keys or values. The rows are read where they lie, an element at a
/// time for all lanes, so that nothing is gathered, padded or summed across lanes.
/// </summary>
internal static unsafe class PrefixTreeKernel
{
    /// <summary>Keys that are taken together: their scores stay in the first cache.</summary>
    public const int Piece = 64;

    // exp(−80) is nothing beside a sum of at least 1, but so small a weight times a small gradient would be a denormal, and those are slow.
    private const float Negligible = -80;

    /// <summary>
    /// exp(x) for a score less its query's maximum; zero where that is negligible, as it is for what is masked. NaN stays NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Weight(Vector<float> x) =>
        Vector.ConditionalSelect(Vector.LessThan(x, new Vector<float>(Negligible)), Vector<float>.Zero, Exponential.Of(x));

    /// <summary>scores[t, lane] = Σ x[d, lane] · rows[t, d].</summary>
    /// <param name="x"><c>[width, lanes]</c></param>
    /// <param name="rows">The first row.</param>
    /// <param name="stride">Elements from a row to the next.</param>
    /// <param name="count">Number of rows, 1 to <see cref="Piece"/>.</param>
    /// <param name="width">Length of a row.</param>
    /// <param name="scores"><c>[Piece, lanes]</c>; up to seven rows past the last are overwritten too.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* x, float* rows, long stride, int count, int width, float* scores)
    {
        var lanes = Vector<float>.Count;
        var last = rows + (count - 1) * stride;
        for (var t = 0; t < count; t += 8)
        {
            // Past the end the last row is read again; the result is not used.
            float* r0 = rows + t * stride,
                r1 = Next(r0),
                r2 = Next(r1),
                r3 = Next(r2),
                r4 = Next(r3),
                r5 = Next(r4),
                r6 = Next(r5),
                r7 = Next(r6);
            Vector<float> s0 = default,
                s1 = default,
                s2 = default,
                s3 = default,
                s4 = default,
                s5 = default,
                s6 = default,
                s7 = default;
            for (var d = 0; d < width; d++)
            {
                var element = Vector.Load(x + d * lanes);
                s0 = Vector.FusedMultiplyAdd(element, new Vector<float>(r0[d]), s0);
                s1 = Vector.FusedMultiplyAdd(element, new Vector<float>(r1[d]), s1);
                s2 = Vector.FusedMultiplyAdd(element, new Vector<float>(r2[d]), s2);
                s3 = Vector.FusedMultiplyAdd(element, new Vector<float>(r3[d]), s3);
                s4 = Vector.FusedMultiplyAdd(element, new Vector<float>(r4[d]), s4);
                s5 = Vector.FusedMultiplyAdd(element, new Vector<float>(r5[d]), s5);
                s6 = Vector.FusedMultiplyAdd(element, new Vector<float>(r6[d]), s6);
                s7 = Vector.FusedMultiplyAdd(element, new Vector<float>(r7[d]), s7);
            }
            var target = scores + t * lanes;
            s0.Store(target);
            s1.Store(target + lanes);
            s2.Store(target + 2 * lanes);
            s3.Store(target + 3 * lanes);
            s4.Store(target + 4 * lanes);
            s5.Store(target + 5 * lanes);
            s6.Store(target + 6 * lanes);
            s7.Store(target + 7 * lanes);
        }

        float* Next(float* row) => row < last ? row + stride : row;
    }

    /// <summary>sums[d, lane] += Σ weights[t, lane] · rows[t, d].</summary>
    /// <param name="weights"><c>[count, lanes]</c></param>
    /// <param name="rows">The first row.</param>
    /// <param name="stride">Elements from a row to the next.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="width">Length of a row, a multiple of 8.</param>
    /// <param name="sums"><c>[width, lanes]</c></param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddWeighted(float* weights, float* rows, long stride, int count, int width, float* sums)
    {
        var lanes = Vector<float>.Count;
        for (var d = 0; d < width; d += 8)
        {
            var target = sums + d * lanes;
            Vector<float> s0 = Vector.Load(target),
                s1 = Vector.Load(target + lanes),
                s2 = Vector.Load(target + 2 * lanes),
                s3 = Vector.Load(target + 3 * lanes);
            Vector<float> s4 = Vector.Load(target + 4 * lanes),
                s5 = Vector.Load(target + 5 * lanes),
                s6 = Vector.Load(target + 6 * lanes),
                s7 = Vector.Load(target + 7 * lanes);
            var row = rows + d;
            for (var t = 0; t < count; t++, row += stride)
            {
                var weight = Vector.Load(weights + t * lanes);
                s0 = Vector.FusedMultiplyAdd(weight, new Vector<float>(row[0]), s0);
                s1 = Vector.FusedMultiplyAdd(weight, new Vector<float>(row[1]), s1);
                s2 = Vector.FusedMultiplyAdd(weight, new Vector<float>(row[2]), s2);
                s3 = Vector.FusedMultiplyAdd(weight, new Vector<float>(row[3]), s3);
                s4 = Vector.FusedMultiplyAdd(weight, new Vector<float>(row[4]), s4);
                s5 = Vector.FusedMultiplyAdd(weight, new Vector<float>(row[5]), s5);
                s6 = Vector.FusedMultiplyAdd(weight, new Vector<float>(row[6]), s6);
                s7 = Vector.FusedMultiplyAdd(weight, new Vector<float>(row[7]), s7);
            }
            s0.Store(target);
            s1.Store(target + lanes);
            s2.Store(target + 2 * lanes);
            s3.Store(target + 3 * lanes);
            s4.Store(target + 4 * lanes);
            s5.Store(target + 5 * lanes);
            s6.Store(target + 6 * lanes);
            s7.Store(target + 7 * lanes);
        }
    }

    /// <summary>rows[t, d] += Σ weights[t, lane] · x[offsets[lane] + d] over the first lanes.</summary>
    /// <param name="weights"><c>[count, lanes]</c></param>
    /// <param name="x">What the lanes' offsets count from.</param>
    /// <param name="offsets">Where each lane's vector begins.</param>
    /// <param name="used">Number of lanes that have one.</param>
    /// <param name="rows">The first row.</param>
    /// <param name="stride">Elements from a row to the next.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="width">Length of a row, a multiple of two vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddOuter(float* weights, float* x, long* offsets, int used, float* rows, long stride, int count, int width)
    {
        int lanes = Vector<float>.Count,
            step = 2 * lanes;
        for (var d = 0; d < width; d += step)
        {
            var t = 0;
            for (; t + 4 <= count; t += 4)
            {
                float* r0 = rows + t * stride + d,
                    r1 = r0 + stride,
                    r2 = r1 + stride,
                    r3 = r2 + stride;
                Vector<float> low0 = Vector.Load(r0),
                    low1 = Vector.Load(r1),
                    low2 = Vector.Load(r2),
                    low3 = Vector.Load(r3);
                Vector<float> high0 = Vector.Load(r0 + lanes),
                    high1 = Vector.Load(r1 + lanes),
                    high2 = Vector.Load(r2 + lanes),
                    high3 = Vector.Load(r3 + lanes);
                for (var lane = 0; lane < used; lane++)
                {
                    var vector = x + offsets[lane] + d;
                    var weight = weights + t * lanes + lane;
                    Vector<float> low = Vector.Load(vector),
                        high = Vector.Load(vector + lanes);
                    Vector<float> w0 = new(weight[0]),
                        w1 = new(weight[lanes]),
                        w2 = new(weight[2 * lanes]),
                        w3 = new(weight[3 * lanes]);
                    low0 = Vector.FusedMultiplyAdd(low, w0, low0);
                    high0 = Vector.FusedMultiplyAdd(high, w0, high0);
                    low1 = Vector.FusedMultiplyAdd(low, w1, low1);
                    high1 = Vector.FusedMultiplyAdd(high, w1, high1);
                    low2 = Vector.FusedMultiplyAdd(low, w2, low2);
                    high2 = Vector.FusedMultiplyAdd(high, w2, high2);
                    low3 = Vector.FusedMultiplyAdd(low, w3, low3);
                    high3 = Vector.FusedMultiplyAdd(high, w3, high3);
                }
                low0.Store(r0);
                low1.Store(r1);
                low2.Store(r2);
                low3.Store(r3);
                high0.Store(r0 + lanes);
                high1.Store(r1 + lanes);
                high2.Store(r2 + lanes);
                high3.Store(r3 + lanes);
            }
            for (; t < count; t++)
            {
                var row = rows + t * stride + d;
                Vector<float> low = Vector.Load(row),
                    high = Vector.Load(row + lanes);
                for (var lane = 0; lane < used; lane++)
                {
                    var weight = new Vector<float>(weights[t * lanes + lane]);
                    low = Vector.FusedMultiplyAdd(Vector.Load(x + offsets[lane] + d), weight, low);
                    high = Vector.FusedMultiplyAdd(Vector.Load(x + offsets[lane] + d + lanes), weight, high);
                }
                low.Store(row);
                high.Store(row + lanes);
            }
        }
    }

    /// <summary>Copies each lane's vector into its lane, times a factor; lanes without one become zero.</summary>
    /// <param name="x">What the lanes' offsets count from.</param>
    /// <param name="offsets">Where each lane's vector begins.</param>
    /// <param name="used">Number of lanes that have one.</param>
    /// <param name="factor">The factor.</param>
    /// <param name="width">Length of a vector.</param>
    /// <param name="lanesOut"><c>[width, lanes]</c></param>
    public static void ToLanes(float* x, long* offsets, int used, float factor, int width, float* lanesOut)
    {
        var lanes = Vector<float>.Count;
        if (used < lanes)
            new Span<float>(lanesOut, width * lanes).Clear();
        for (var lane = 0; lane < used; lane++)
        {
            var vector = x + offsets[lane];
            for (var d = 0; d < width; d++)
                lanesOut[d * lanes + lane] = vector[d] * factor;
        }
    }

    /// <summary>Copies each lane, times a factor of its own, to where its vector begins.</summary>
    /// <param name="lanesIn"><c>[width, lanes]</c></param>
    /// <param name="factors">A factor a lane.</param>
    /// <param name="x">What the lanes' offsets count from; written.</param>
    /// <param name="offsets">Where each lane's vector begins.</param>
    /// <param name="used">Number of lanes that have one.</param>
    /// <param name="width">Length of a vector.</param>
    public static void FromLanes(float* lanesIn, Vector<float> factors, float* x, long* offsets, int used, int width)
    {
        var lanes = Vector<float>.Count;
        for (var lane = 0; lane < used; lane++)
        {
            var vector = x + offsets[lane];
            var factor = factors[lane];
            for (var d = 0; d < width; d++)
                vector[d] = lanesIn[d * lanes + lane] * factor;
        }
    }
}
