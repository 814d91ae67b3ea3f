using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>
/// Attention of many query tokens at once, within segments; the loop runs over (block of a segment's queries, key head) pairs. The softmax
/// is taken in float32 over pieces of the keys, with the running maximum and sum of Milakov and Gimelshein (2018).
/// </summary>
/// <remarks>
/// A lane of a vector is a query: a token of one of the heads that share a key head. Queries are turned to that layout once, 32 to a panel;
/// keys and values are then read as they lie, an element at a time for all lanes, and maxima and sums need no crossing of lanes.
/// </remarks>
internal readonly unsafe struct SegmentAttentionBody<T> : IRangeBody
    where T : unmanaged, IElement<T>
{
    /// <summary>Queries of a block: enough to pay for converting the keys and values anew for each block.</summary>
    public const int BlockQueries = 128;

    /// <summary>The widest head: keeps the stack below half a megabyte.</summary>
    public const int MaxHeadDim = 256;

    private const int Panel = PanelKernel.Panel,
        Piece = 32,
        Rows = 8;

    /// <summary>Blocks of segments; attention is complete in each, but for causality.</summary>
    public required AttentionSegment* Blocks { get; init; }
    public required T* Query { get; init; }
    public required T* Keys { get; init; }
    public required T* Values { get; init; }
    public required T* Output { get; init; }

    /// <summary>Elements from a query token to the next; its heads have no gaps.</summary>
    public required long QueryStride { get; init; }

    /// <summary>Elements from a token and from a head of the keys to the next.</summary>
    public required (long Token, long Head) KeyStride { get; init; }
    public required (long Token, long Head) ValueStride { get; init; }
    public required int KeyHeads { get; init; }
    public required int Group { get; init; }
    public required int HeadDim { get; init; }
    public required float Scale { get; init; }
    public required bool IsCausal { get; init; }

    /// <summary>Width of a head in working memory: whole steps of the products.</summary>
    private int Width => (HeadDim + 7) & ~7;

    /// <summary>Query tokens of a block.</summary>
    public static int TokensOf(int group) => Math.Max(1, BlockQueries / group);

    [SkipLocalsInit]
    public void Run(int begin, int end)
    {
        // A vector that crosses a cache line costs twice: everything begins at one.
        const int Line = 16;
        const int Panels = BlockQueries / Panel;
        var memory =
            stackalloc float[2 * Panels * Width * Panel + 2 * Panels * Panel + Piece * Panel + 2 * Piece * Width + Rows * Width + Line];
        var queries = (float*)(((nint)memory + 63) & ~63);
        float* sums = queries + Panels * Width * Panel,
            maxima = sums + Panels * Width * Panel,
            totals = maxima + Panels * Panel;
        float* scores = totals + Panels * Panel,
            keys = scores + Piece * Panel,
            values = keys + Piece * Width,
            rows = values + Piece * Width;
        for (var pair = begin; pair < end; pair++)
        {
            var (block, head) = (Blocks[pair / KeyHeads], pair % KeyHeads);
            var used = (block.QueryCount * Group + Panel - 1) / Panel;
            LoadQueries(block, head, used, queries, rows);
            new Span<float>(sums, used * Width * Panel).Clear();
            new Span<float>(maxima, used * Panel).Fill(float.NegativeInfinity);
            new Span<float>(totals, used * Panel).Clear();
            for (var done = 0; done < block.KeyCount; done += Piece)
            {
                var count = Math.Min(Piece, block.KeyCount - done);
                WidenRows(Keys + head * KeyStride.Head + (block.Key + done) * KeyStride.Token, KeyStride.Token, count, keys);
                WidenRows(Values + head * ValueStride.Head + (block.Key + done) * ValueStride.Token, ValueStride.Token, count, values);
                for (var p = 0; p < used; p++)
                {
                    // Of the queries of a panel the first sees the fewest keys, the last the most.
                    if (Visible(block, p * Panel + Panel - 1) <= done)
                        continue;
                    PanelKernel.Multiply(keys, Width, 1, (count + 7) & ~7, HeadDim, queries + p * Width * Panel, scores);
                    if (Visible(block, p * Panel) < done + count)
                        Mask(block, p * Panel, done, count, scores);
                    var sum = sums + p * Width * Panel;
                    PanelKernel.Softmax(scores, count, maxima + p * Panel, totals + p * Panel, out var rescale0, out var rescale1);
                    PanelKernel.RescaleAndAdd(values, 1, Width, Width, count, scores, sum, rescale0, rescale1);
                }
            }
            StoreSums(block, head, sums, totals, rows);
        }
    }

    /// <summary>Keys of the block that a query sees.</summary>
    private int Visible(AttentionSegment block, int query) =>
        IsCausal ? Math.Min(block.KeyCount, block.KeyCount - block.QueryCount + query / Group + 1) : block.KeyCount;

    private T* QueryOf(T* tokens, long stride, AttentionSegment block, int head, int query) =>
        tokens + (block.Query + query / Group) * stride + (head * Group + query % Group) * HeadDim;

    /// <summary>Scaled queries, as panels <c>[HeadDim, 32]</c>; zero where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void LoadQueries(AttentionSegment block, int head, int used, float* queries, float* rows)
    {
        var count = block.QueryCount * Group;
        for (var first = 0; first < used * Panel; first += Rows)
        {
            for (var r = 0; r < Rows; r++)
            {
                if (first + r < count)
                    Widen(QueryOf(Query, QueryStride, block, head, first + r), Scale, rows + r * Width);
                else
                    new Span<float>(rows + r * Width, Width).Clear();
            }
            var lanes = queries + first / Panel * Width * Panel + first % Panel;
            for (var i = 0; i < Width; i += Rows)
                PanelKernel.Transpose8(rows + i, Width, lanes + i * Panel, Panel);
        }
    }

    /// <summary>
    /// Rows of keys or values as float32 without gaps; up to a multiple of eight the last is repeated, for whole steps of the products.
    /// </summary>
    private void WidenRows(T* source, long stride, int count, float* target)
    {
        for (var t = 0; t < ((count + 7) & ~7); t++)
            Widen(source + Math.Min(t, count - 1) * stride, 1, target + t * Width);
    }

    /// <summary>One head's vector as float32, times a factor; zero from its end to the padded width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Widen(T* source, float factor, float* target)
    {
        int step = 2 * Vector<float>.Count,
            i = 0;
        for (; i + step <= HeadDim; i += step)
        {
            T.Load(source + i, out var low, out var high);
            (low * factor).Store(target + i);
            (high * factor).Store(target + i + step / 2);
        }
        for (; i < HeadDim; i++)
            target[i] = T.Load(source + i) * factor;
        for (; i < Width; i++)
            target[i] = 0;
    }

    /// <summary>Hides the keys that a query does not see yet.</summary>
    private void Mask(AttentionSegment block, int first, int done, int count, float* scores)
    {
        for (var lane = 0; lane < Panel; lane++)
        for (var t = Math.Max(0, Visible(block, first + lane) - done); t < count; t++)
            scores[t * Panel + lane] = PanelKernel.Hidden;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void StoreSums(AttentionSegment block, int head, float* sums, float* totals, float* rows)
    {
        int step = 2 * Vector<float>.Count,
            count = block.QueryCount * Group;
        for (var first = 0; first < count; first += Rows)
        {
            var lanes = sums + first / Panel * Width * Panel + first % Panel;
            for (var i = 0; i < Width; i += Rows)
                PanelKernel.Transpose8(lanes + i * Panel, Panel, rows + i, Width);
            for (var query = first; query < Math.Min(first + Rows, count); query++)
            {
                var row = rows + (query - first) * Width;
                var scale = 1 / totals[query];
                var target = QueryOf(Output, (long)KeyHeads * Group * HeadDim, block, head, query);
                var d = 0;
                for (; d + step <= HeadDim; d += step)
                    T.Store(target + d, Vector.Load(row + d) * scale, Vector.Load(row + d + step / 2) * scale);
                for (; d < HeadDim; d++)
                    T.Store(target + d, row[d] * scale);
            }
        }
    }
}
