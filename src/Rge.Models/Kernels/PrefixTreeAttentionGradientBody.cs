using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>
/// Gradients of <see cref="PrefixTreeAttentionBody"/>, which recompute the scores from what was kept of each query's softmax (Dao et al.,
/// 2022). The loop runs over (tree, key head) pairs: whatever adds to a key's gradient is in its tree, so that no two threads add to the
/// same place.
/// </summary>
internal readonly unsafe struct PrefixTreeAttentionGradientBody : IRangeBody
{
    public required PrefixTreeNode* Nodes { get; init; }

    /// <summary>First node of each tree, and one past the last node of all.</summary>
    public required int* Trees { get; init; }

    public required float* Query { get; init; }
    public required float* Keys { get; init; }
    public required float* Values { get; init; }
    public required float* Output { get; init; }
    public required float* LogSums { get; init; }
    public required float* Gradient { get; init; }
    public required float* QueryGradient { get; init; }

    /// <summary>Zero on entry.</summary>
    public required float* KeyGradient { get; init; }

    /// <summary>Zero on entry.</summary>
    public required float* ValueGradient { get; init; }

    public required int KeyHeads { get; init; }
    public required int Group { get; init; }
    public required int HeadDim { get; init; }
    public required float Scale { get; init; }

    [SkipLocalsInit]
    public void Run(int begin, int end)
    {
        int lanes = Vector<float>.Count,
            width = HeadDim;
        float* scratch = stackalloc float[3 * width * lanes + 2 * PrefixTreeKernel.Piece * lanes];
        long* offsets = stackalloc long[2 * lanes];
        for (var unit = begin; unit < end; unit++)
        {
            var (tree, head) = (unit / KeyHeads, unit % KeyHeads);
            for (var node = Trees[tree]; node < Trees[tree + 1]; node++)
            for (var first = 0; first < Nodes[node].Length * Group; first += lanes)
                RunQueries(node, first, head, scratch, offsets);
        }
    }

    private void RunQueries(int node, int first, int head, float* scratch, long* offsets)
    {
        int lanes = Vector<float>.Count,
            width = HeadDim;
        long stride = (long)KeyHeads * width;
        float* query = scratch,
            upstream = query + width * lanes,
            sums = upstream + width * lanes;
        float* weights = sums + width * lanes,
            slopes = weights + PrefixTreeKernel.Piece * lanes;
        var lane = new PrefixTreeLanes(Nodes[node], first, head, KeyHeads, Group, width, offsets, offsets + lanes);
        PrefixTreeKernel.ToLanes(Query, offsets, lane.Used, Scale, width, query);
        PrefixTreeKernel.ToLanes(Gradient, offsets, lane.Used, 1, width, upstream);
        new Span<float>(sums, width * lanes).Clear();
        var (logSum, mean) = Statistics(offsets, offsets + lanes, lane.Used);
        for (var n = node; n >= 0; n = Nodes[n].Parent)
        {
            var isOwn = n == node;
            var length = isOwn ? lane.LastToken + 1 : Nodes[n].Length;
            for (var done = 0; done < length; done += PrefixTreeKernel.Piece)
            {
                var count = Math.Min(PrefixTreeKernel.Piece, length - done);
                var rows = (Nodes[n].Start + done) * stride + head * width;
                PrefixTreeKernel.Multiply(query, Keys + rows, stride, count, width, weights);
                if (isOwn)
                    PrefixTreeAttentionBody.Mask(weights, done, count, lane);
                PrefixTreeKernel.Multiply(upstream, Values + rows, stride, count, width, slopes);
                Differentiate(weights, slopes, count, logSum, mean);
                PrefixTreeKernel.AddOuter(weights, Gradient, offsets, lane.Used, ValueGradient + rows, stride, count, width);
                PrefixTreeKernel.AddOuter(slopes, Query, offsets, lane.Used, KeyGradient + rows, stride, count, width);
                PrefixTreeKernel.AddWeighted(slopes, Keys + rows, stride, count, width, sums);
            }
        }
        PrefixTreeKernel.FromLanes(sums, Vector<float>.One, QueryGradient, offsets, lane.Used, width);
    }

    /// <summary>Of each query, the logarithm of its sum, and output · gradient, the weighted mean of its scores' gradients.</summary>
    private (Vector<float> LogSum, Vector<float> Mean) Statistics(long* offsets, long* statistics, int used)
    {
        var lanes = Vector<float>.Count;
        float* logSums = stackalloc float[lanes],
            means = stackalloc float[lanes];
        new Span<float>(logSums, lanes).Clear();
        new Span<float>(means, lanes).Clear();
        for (var lane = 0; lane < used; lane++)
        {
            Vector<float> sum = default;
            float* output = Output + offsets[lane],
                gradient = Gradient + offsets[lane];
            for (var d = 0; d < HeadDim; d += lanes)
                sum = Vector.FusedMultiplyAdd(Vector.Load(output + d), Vector.Load(gradient + d), sum);
            (logSums[lane], means[lane]) = (LogSums[statistics[lane]], Vector.Sum(sum));
        }
        return (Vector.Load(logSums), Vector.Load(means));
    }

    /// <summary>Scores become weights exp(score − logSum), gradients of weights those of unscaled scores.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Differentiate(float* weights, float* slopes, int count, Vector<float> logSum, Vector<float> mean)
    {
        for (var i = 0; i < count * Vector<float>.Count; i += Vector<float>.Count)
        {
            var weight = PrefixTreeKernel.Weight(Vector.Load(weights + i) - logSum);
            weight.Store(weights + i);
            (weight * (Vector.Load(slopes + i) - mean) * Scale).Store(slopes + i);
        }
    }
}
