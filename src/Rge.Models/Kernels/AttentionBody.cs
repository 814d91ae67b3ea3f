using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>
/// Attention of one query token a sequence to the keys and values of its cache slot; the loop runs over (sequence, key head) pairs. The
/// query heads of a group share each key and value that is read, and the softmax is taken in float32 over pieces of the sequence, with
/// the running maximum and sum of Milakov and Gimelshein (2018), so that working memory does not grow with its length.
/// </summary>
internal readonly unsafe struct AttentionBody<T> : IRangeBody
    where T : unmanaged, IElement<T>
{
    private const int Piece = 128;

    public required T* Query { get; init; }
    public required T* Keys { get; init; }
    public required T* Values { get; init; }
    public required T* Output { get; init; }
    public required int* Slots { get; init; }
    public required int* Lengths { get; init; }
    public required int KeyHeads { get; init; }
    public required int Group { get; init; }
    public required int HeadDim { get; init; }
    public required int Capacity { get; init; }
    public required float Scale { get; init; }

    [SkipLocalsInit]
    public void Run(int begin, int end)
    {
        int width = Group * HeadDim,
            step = 2 * Vector<float>.Count;
        float* query = stackalloc float[width],
            sums = stackalloc float[width],
            scores = stackalloc float[Group * Piece];
        float* maxima = stackalloc float[Group],
            totals = stackalloc float[Group];
        for (var pair = begin; pair < end; pair++)
        {
            var sequence = pair / KeyHeads;
            var start = ((long)Slots[sequence] * KeyHeads + pair % KeyHeads) * Capacity * HeadDim;
            for (var i = 0; i < width; i += step)
            {
                T.LoadShuffled(Query + (long)pair * width + i, out var low, out var high);
                (low * Scale).Store(query + i);
                (high * Scale).Store(query + i + step / 2);
            }
            new Span<float>(sums, width).Clear();
            new Span<float>(maxima, Group).Fill(float.NegativeInfinity);
            new Span<float>(totals, Group).Clear();
            for (var done = 0; done < Lengths[sequence]; done += Piece)
            {
                var count = Math.Min(Piece, Lengths[sequence] - done);
                Score(Keys + start + (long)done * HeadDim, count, query, scores);
                for (var head = 0; head < Group; head++)
                {
                    var rescale = Softmax(scores + head * Piece, count, ref maxima[head], ref totals[head]);
                    if (rescale != 1)
                        Multiply(sums + head * HeadDim, rescale);
                }
                AddValues(Values + start + (long)done * HeadDim, count, scores, sums);
            }
            for (var head = 0; head < Group; head++)
                Multiply(sums + head * HeadDim, 1 / totals[head]);
            for (var i = 0; i < width; i += step)
                T.StoreShuffled(Output + (long)pair * width + i, Vector.Load(sums + i), Vector.Load(sums + i + step / 2));
        }
    }

    /// <summary>scores[head, t] = query[head] · keys[t].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Score(T* keys, int count, float* query, float* scores)
    {
        int lanes = Vector<float>.Count,
            step = 2 * lanes,
            head = 0;
        // Four heads at a time for each key that is converted; what is left over, singly.
        for (; head + 4 <= Group; head += 4)
        {
            float* q0 = query + head * HeadDim,
                q1 = q0 + HeadDim,
                q2 = q1 + HeadDim,
                q3 = q2 + HeadDim;
            for (var t = 0; t < count; t++)
            {
                Vector<float> sum0 = default,
                    sum1 = default,
                    sum2 = default,
                    sum3 = default;
                for (var i = 0; i < HeadDim; i += step)
                {
                    T.LoadShuffled(keys + (long)t * HeadDim + i, out var low, out var high);
                    sum0 = Vector.FusedMultiplyAdd(
                        high,
                        Vector.Load(q0 + i + lanes),
                        Vector.FusedMultiplyAdd(low, Vector.Load(q0 + i), sum0)
                    );
                    sum1 = Vector.FusedMultiplyAdd(
                        high,
                        Vector.Load(q1 + i + lanes),
                        Vector.FusedMultiplyAdd(low, Vector.Load(q1 + i), sum1)
                    );
                    sum2 = Vector.FusedMultiplyAdd(
                        high,
                        Vector.Load(q2 + i + lanes),
                        Vector.FusedMultiplyAdd(low, Vector.Load(q2 + i), sum2)
                    );
                    sum3 = Vector.FusedMultiplyAdd(
                        high,
                        Vector.Load(q3 + i + lanes),
                        Vector.FusedMultiplyAdd(low, Vector.Load(q3 + i), sum3)
                    );
                }
                scores[head * Piece + t] = Vector.Sum(sum0);
                scores[(head + 1) * Piece + t] = Vector.Sum(sum1);
                scores[(head + 2) * Piece + t] = Vector.Sum(sum2);
                scores[(head + 3) * Piece + t] = Vector.Sum(sum3);
            }
        }
        for (; head < Group; head++)
        {
            for (var t = 0; t < count; t++)
            {
                Vector<float> sumLow = default,
                    sumHigh = default;
                for (var i = 0; i < HeadDim; i += step)
                {
                    T.LoadShuffled(keys + (long)t * HeadDim + i, out var low, out var high);
                    sumLow = Vector.FusedMultiplyAdd(low, Vector.Load(query + head * HeadDim + i), sumLow);
                    sumHigh = Vector.FusedMultiplyAdd(high, Vector.Load(query + head * HeadDim + i + lanes), sumHigh);
                }
                scores[head * Piece + t] = Vector.Sum(sumLow + sumHigh);
            }
        }
    }

    /// <summary>
    /// Turns scores into exp(score − maximum), zero up to the end of the piece; returns the factor for what was summed before.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Softmax(float* scores, int count, ref float maximum, ref float total)
    {
        new Span<float>(scores + count, Piece - count).Fill(float.NegativeInfinity);
        var largest = new Vector<float>(maximum);
        for (var i = 0; i < count; i += Vector<float>.Count)
            largest = Vector.Max(largest, Vector.Load(scores + i));
        var next = maximum;
        for (var i = 0; i < Vector<float>.Count; i++)
            next = MathF.Max(next, largest[i]);
        var rescale = MathF.Exp(maximum - next);
        Vector<float> shift = new(next),
            sum = default;
        for (var i = 0; i < count; i += Vector<float>.Count)
        {
            var weight = Exponential.Of(Vector.Load(scores + i) - shift);
            weight.Store(scores + i);
            sum += weight;
        }
        new Span<float>(scores + count, Piece - count).Clear();
        (maximum, total) = (next, total * rescale + Vector.Sum(sum));
        return rescale;
    }

    /// <summary>sums[head] += Σ weights[head, t] · values[t], four tokens at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddValues(T* values, int count, float* weights, float* sums)
    {
        int lanes = Vector<float>.Count,
            step = 2 * lanes;
        for (var t = 0; t < count; t += 4)
        {
            // Past the end the last token is read again, with the weight zero that Softmax left there.
            T* v0 = values + (long)t * HeadDim,
                last = values + (count - 1L) * HeadDim;
            T* v1 = v0 < last ? v0 + HeadDim : last,
                v2 = v1 < last ? v1 + HeadDim : last,
                v3 = v2 < last ? v2 + HeadDim : last;
            for (var i = 0; i < HeadDim; i += step)
            {
                T.LoadShuffled(v0 + i, out var low0, out var high0);
                T.LoadShuffled(v1 + i, out var low1, out var high1);
                T.LoadShuffled(v2 + i, out var low2, out var high2);
                T.LoadShuffled(v3 + i, out var low3, out var high3);
                for (var head = 0; head < Group; head++)
                {
                    var weight = weights + head * Piece + t;
                    var sum = sums + head * HeadDim + i;
                    Vector<float> w0 = new(weight[0]),
                        w1 = new(weight[1]),
                        w2 = new(weight[2]),
                        w3 = new(weight[3]);
                    var low = Vector.FusedMultiplyAdd(
                        w0,
                        low0,
                        Vector.FusedMultiplyAdd(
                            w1,
                            low1,
                            Vector.FusedMultiplyAdd(w2, low2, Vector.FusedMultiplyAdd(w3, low3, Vector.Load(sum)))
                        )
                    );
                    var high = Vector.FusedMultiplyAdd(
                        w0,
                        high0,
                        Vector.FusedMultiplyAdd(
                            w1,
                            high1,
                            Vector.FusedMultiplyAdd(w2, high2, Vector.FusedMultiplyAdd(w3, high3, Vector.Load(sum + lanes)))
                        )
                    );
                    low.Store(sum);
                    high.Store(sum + lanes);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Multiply(float* sums, float factor)
    {
        for (var i = 0; i < HeadDim; i += Vector<float>.Count)
            (Vector.Load(sums + i) * factor).Store(sums + i);
    }
}
