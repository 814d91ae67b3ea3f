using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>
/// Attention of packed tokens that form a tree: a token sees its own run up to itself and all of the runs above. The loop runs over (vector
/// of queries, key head) pairs; each walks up the tree and takes the softmax over pieces of it, with the running maximum and sum of Milakov
/// and Gimelshein (2018).
/// </summary>
internal readonly unsafe struct PrefixTreeAttentionBody : IRangeBody
{
    /// <summary>Stands for a key that is not seen; finite, so that no difference of two is undefined.</summary>
    public const float Masked = -1e30f;

    public required PrefixTreeNode* Nodes { get; init; }
    public required PrefixTreeQueries* Queries { get; init; }
    public required float* Query { get; init; }
    public required float* Keys { get; init; }
    public required float* Values { get; init; }
    public required float* Output { get; init; }

    /// <summary>Logarithm of each query's sum of exponentials, <c>[N, heads]</c>; written.</summary>
    public required float* LogSums { get; init; }

    public required int KeyHeads { get; init; }
    public required int Group { get; init; }
    public required int HeadDim { get; init; }
    public required float Scale { get; init; }

    [SkipLocalsInit]
    public void Run(int begin, int end)
    {
        int lanes = Vector<float>.Count,
            width = HeadDim;
        long stride = (long)KeyHeads * width;
        float* query = stackalloc float[width * lanes],
            sums = stackalloc float[width * lanes],
            scores = stackalloc float[PrefixTreeKernel.Piece * lanes];
        long* offsets = stackalloc long[lanes],
            statistics = stackalloc long[lanes];
        for (var unit = begin; unit < end; unit++)
        {
            var (queries, head) = (Queries[unit / KeyHeads], unit % KeyHeads);
            var lane = new PrefixTreeLanes(Nodes[queries.Node], queries.First, head, KeyHeads, Group, width, offsets, statistics);
            PrefixTreeKernel.ToLanes(Query, offsets, lane.Used, Scale, width, query);
            new Span<float>(sums, width * lanes).Clear();
            Vector<float> maximum = new(Masked),
                total = default;
            for (var n = queries.Node; n >= 0; n = Nodes[n].Parent)
            {
                var isOwn = n == queries.Node;
                var length = isOwn ? lane.LastToken + 1 : Nodes[n].Length;
                for (var done = 0; done < length; done += PrefixTreeKernel.Piece)
                {
                    var count = Math.Min(PrefixTreeKernel.Piece, length - done);
                    var rows = (Nodes[n].Start + done) * stride + head * width;
                    PrefixTreeKernel.Multiply(query, Keys + rows, stride, count, width, scores);
                    if (isOwn)
                        Mask(scores, done, count, lane);
                    var rescale = Softmax(scores, count, ref maximum, ref total);
                    if (rescale != Vector<float>.One)
                        for (var i = 0; i < width * lanes; i += lanes)
                            (Vector.Load(sums + i) * rescale).Store(sums + i);
                    PrefixTreeKernel.AddWeighted(scores, Values + rows, stride, count, width, sums);
                }
            }
            PrefixTreeKernel.FromLanes(sums, Vector<float>.One / total, Output, offsets, lane.Used, width);
            for (var i = 0; i < lane.Used; i++)
                LogSums[statistics[i]] = maximum[i] + MathF.Log(total[i]);
        }
    }

    /// <summary>Hides what comes after a lane's own token.</summary>
    public static void Mask(float* scores, int done, int count, in PrefixTreeLanes lane)
    {
        for (var t = Math.Max(0, lane.FirstToken + 1 - done); t < count; t++)
        {
            var row = scores + t * Vector<float>.Count;
            Vector
                .ConditionalSelect(
                    Vector.GreaterThanOrEqual(lane.Tokens, new Vector<int>(done + t)),
                    Vector.Load(row),
                    new Vector<float>(Masked)
                )
                .Store(row);
        }
    }

    /// <summary>Turns scores into exp(score − maximum); returns the factors for what was summed before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector<float> Softmax(float* scores, int count, ref Vector<float> maximum, ref Vector<float> total)
    {
        var lanes = Vector<float>.Count;
        var next = maximum;
        for (var t = 0; t < count; t++)
            next = Vector.Max(next, Vector.Load(scores + t * lanes));
        Vector<float> rescale = PrefixTreeKernel.Weight(maximum - next),
            sum = default;
        for (var t = 0; t < count; t++)
        {
            var weight = PrefixTreeKernel.Weight(Vector.Load(scores + t * lanes) - next);
            weight.Store(scores + t * lanes);
            sum += weight;
        }
        (maximum, total) = (next, total * rescale + sum);
        return rescale;
    }
}
