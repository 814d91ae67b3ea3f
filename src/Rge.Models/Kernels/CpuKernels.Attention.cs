using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Rge.Models.Kernels;

/// <summary>Attention: single steps over the KV cache, and many tokens within segments.</summary>
internal static unsafe partial class CpuKernels
{
    /// <summary>True where <see cref="WriteStep"/> and <see cref="AttendStep"/> take a cache of this kind.</summary>
    /// <param name="keys">Keys of a layer <c>[slots, kvHeads, capacity, headDim]</c>.</param>
    /// <param name="values">Values of a layer, of the same shape.</param>
    public static bool SupportsCache(Tensor keys, Tensor values) =>
        IsPlain(keys)
        && IsElement(keys.dtype)
        && keys.dim() == 4
        && keys.size(3) > 0
        && keys.size(3) % Step == 0
        && IsPlain(values)
        && values.dtype == keys.dtype
        && values.dim() == 4
        && values.size(0) == keys.size(0)
        && values.size(1) == keys.size(1)
        && values.size(2) == keys.size(2)
        && values.size(3) == keys.size(3)
        && keys.size(2) <= int.MaxValue;

    /// <summary>Copies the key and value of one new token a sequence to the end of its cache slot.</summary>
    /// <param name="keys">Keys <c>[B, kvHeads, headDim]</c>, of the cache's type.</param>
    /// <param name="values">Values, of the same shape and type.</param>
    /// <param name="cachedKeys">Cached keys <c>[slots, kvHeads, capacity, headDim]</c>; written.</param>
    /// <param name="cachedValues">Cached values, of the same shape; written.</param>
    /// <param name="slots">Slot of each sequence; all different.</param>
    /// <param name="lengths">Tokens of each sequence in its slot, the new one included; at least 1.</param>
    public static void WriteStep(
        Tensor keys,
        Tensor values,
        Tensor cachedKeys,
        Tensor cachedValues,
        ReadOnlySpan<int> slots,
        ReadOnlySpan<int> lengths
    )
    {
        Require(SupportsCache(cachedKeys, cachedValues), nameof(cachedKeys));
        Require(IsTokens(keys, slots.Length), nameof(keys));
        Require(IsTokens(values, slots.Length), nameof(values));
        RequireWithin(slots, 0, cachedKeys.size(0) - 1, nameof(slots));
        Require(lengths.Length == slots.Length, nameof(lengths));
        RequireWithin(lengths, 1, cachedKeys.size(2), nameof(lengths));
        int keyHeads = (int)keys.size(1),
            headDim = (int)keys.size(2);
        fixed (
            int* slotsPointer = slots,
                lengthsPointer = lengths
        )
        {
            ThreadTeam.For(
                slots.Length,
                Math.Max(1, Grain / (keyHeads * headDim)),
                new StepWriteBody
                {
                    Keys = Pointer<byte>(keys),
                    Values = Pointer<byte>(values),
                    CachedKeys = Pointer<byte>(cachedKeys),
                    CachedValues = Pointer<byte>(cachedValues),
                    Slots = slotsPointer,
                    Lengths = lengthsPointer,
                    KeyHeads = keyHeads,
                    HeadBytes = headDim * (int)keys.ElementSize,
                    Capacity = (int)cachedKeys.size(2),
                }
            );
        }

        bool IsTokens(Tensor tokens, int count) =>
            IsPlain(tokens)
            && tokens.dtype == cachedKeys.dtype
            && tokens.dim() == 3
            && tokens.size(0) == count
            && tokens.size(1) == cachedKeys.size(1)
            && tokens.size(2) == cachedKeys.size(3);
    }

    /// <summary>
    /// Attention of one query token a sequence to its cache slot: softmax(q kᵀ / √headDim) v, with grouped key and value heads.
    /// </summary>
    /// <param name="query">Queries <c>[B, heads, headDim]</c>, of the cache's type; heads is a multiple of kvHeads.</param>
    /// <param name="keys">Cached keys <c>[slots, kvHeads, capacity, headDim]</c>.</param>
    /// <param name="values">Cached values, of the same shape.</param>
    /// <param name="slots">Slot of each sequence.</param>
    /// <param name="lengths">Tokens of each sequence in its slot, the query's own included; at least 1.</param>
    /// <returns><c>[B, heads · headDim]</c></returns>
    public static Tensor AttendStep(Tensor query, Tensor keys, Tensor values, ReadOnlySpan<int> slots, ReadOnlySpan<int> lengths)
    {
        Require(SupportsCache(keys, values), nameof(keys));
        Require(
            IsPlain(query)
                && query.dtype == keys.dtype
                && query.dim() == 3
                && query.size(2) == keys.size(3)
                && query.size(1) > 0
                && query.size(1) % keys.size(1) == 0
                && query.size(0) == slots.Length
                && query.size(1) * query.size(2) <= MaxAttentionWidth
                && query.NumberOfElements <= int.MaxValue,
            nameof(query)
        );
        RequireWithin(slots, 0, keys.size(0) - 1, nameof(slots));
        Require(lengths.Length == slots.Length, nameof(lengths));
        RequireWithin(lengths, 1, keys.size(2), nameof(lengths));
        var output = empty([query.size(0), query.size(1) * query.size(2)], query.dtype);
        if (query.dtype == ScalarType.BFloat16)
            Run<BFloat16>(slots, lengths);
        else
            Run<Float32>(slots, lengths);
        return output;

        void Run<T>(ReadOnlySpan<int> slots, ReadOnlySpan<int> lengths)
            where T : unmanaged, IElement<T>
        {
            var keyHeads = (int)keys.size(1);
            fixed (
                int* slotsPointer = slots,
                    lengthsPointer = lengths
            )
            {
                ThreadTeam.For(
                    slots.Length * keyHeads,
                    1,
                    new AttentionBody<T>
                    {
                        Query = Pointer<T>(query),
                        Keys = Pointer<T>(keys),
                        Values = Pointer<T>(values),
                        Output = Pointer<T>(output),
                        Slots = slotsPointer,
                        Lengths = lengthsPointer,
                        KeyHeads = keyHeads,
                        Group = (int)query.size(1) / keyHeads,
                        HeadDim = (int)query.size(2),
                        Capacity = (int)keys.size(2),
                        Scale = 1 / MathF.Sqrt(query.size(2)),
                    }
                );
            }
        }
    }

    /// <summary>
    /// True where <see cref="Attend"/> takes the three; only on processors whose vectors have 512 bits: on others torch's is as fast.
    /// </summary>
    public static bool SupportsAttend(Tensor query, Tensor keys, Tensor values) =>
        PanelKernel.IsSupported && FitAttend(query, keys, values);

    /// <summary>Whether <see cref="Attend"/> can compute with the three, fast or not.</summary>
    private static bool FitAttend(Tensor query, Tensor keys, Tensor values)
    {
        return IsTokens(query)
            && IsTokens(keys)
            && IsTokens(values)
            && query.size(2) is > 0 and <= SegmentAttentionBody<Float32>.MaxHeadDim
            && query.stride(1) == query.size(2)
            && keys.size(2) == query.size(2)
            && values.size(2) == query.size(2)
            && keys.size(0) == values.size(0)
            && keys.size(1) == values.size(1)
            && keys.size(1) > 0
            && query.size(1) > 0
            && query.size(1) % keys.size(1) == 0
            && query.size(1) / keys.size(1) <= SegmentAttentionBody<Float32>.BlockQueries
            && query.size(0) <= int.MaxValue
            && keys.size(0) <= int.MaxValue;

        bool IsTokens(Tensor x) => IsOurs(x) && x.dim() == 3 && x.stride(2) == 1 && x.dtype == query.dtype && IsElement(x.dtype);
    }

    /// <summary>Attention of many query tokens within segments: softmax(q kᵀ / √headDim) v, with grouped key and value heads.</summary>
    /// <param name="query">Queries <c>[N, heads, headDim]</c>, bfloat16 or float32; gaps between tokens are allowed.</param>
    /// <param name="keys">Keys <c>[M, kvHeads, headDim]</c> of the same type; gaps between tokens and between heads are allowed.</param>
    /// <param name="values">Values, of the same shape, gaps as well.</param>
    /// <param name="segments">Which queries see which keys; together they hold every query once.</param>
    /// <param name="isCausal">Whether each query sees one key fewer than the next of its segment, and only the last one sees all.</param>
    /// <returns><c>[N, heads · headDim]</c></returns>
    public static Tensor Attend(Tensor query, Tensor keys, Tensor values, IReadOnlyList<AttentionSegment> segments, bool isCausal)
    {
        Require(FitAttend(query, keys, values), nameof(query));
        var group = (int)(query.size(1) / keys.size(1));
        var blocks = new List<AttentionSegment>();
        var next = 0;
        foreach (var segment in segments)
        {
            Require(
                segment.Query == next
                    && segment.QueryCount > 0
                    && segment.Key >= 0
                    && segment.KeyCount >= (isCausal ? segment.QueryCount : 1),
                nameof(segments)
            );
            Require(
                (long)segment.Query + segment.QueryCount <= query.size(0) && (long)segment.Key + segment.KeyCount <= keys.size(0),
                nameof(segments)
            );
            next += segment.QueryCount;
            var tokens = SegmentAttentionBody<Float32>.TokensOf(group);
            for (var done = 0; done < segment.QueryCount; done += tokens)
            {
                var count = Math.Min(tokens, segment.QueryCount - done);
                var later = isCausal ? segment.QueryCount - done - count : 0;
                blocks.Add(new AttentionSegment(segment.Query + done, count, segment.Key, segment.KeyCount - later));
            }
        }
        Require(next == query.size(0), nameof(segments));
        var output = empty([query.size(0), query.size(1) * query.size(2)], query.dtype);
        if (query.dtype == ScalarType.BFloat16)
            Run<BFloat16>();
        else
            Run<Float32>();
        return output;

        void Run<T>()
            where T : unmanaged, IElement<T>
        {
            fixed (AttentionSegment* pointer = CollectionsMarshal.AsSpan(blocks))
            {
                ThreadTeam.For(
                    blocks.Count * (int)keys.size(1),
                    1,
                    new SegmentAttentionBody<T>
                    {
                        Blocks = pointer,
                        Query = Pointer<T>(query),
                        Keys = Pointer<T>(keys),
                        Values = Pointer<T>(values),
                        Output = Pointer<T>(output),
                        QueryStride = query.stride(0),
                        KeyStride = (keys.stride(0), keys.stride(1)),
                        ValueStride = (values.stride(0), values.stride(1)),
                        KeyHeads = (int)keys.size(1),
                        Group = group,
                        HeadDim = (int)query.size(2),
                        Scale = 1 / MathF.Sqrt(query.size(2)),
                        IsCausal = isCausal,
                    }
                );
            }
        }
    }

    private static void RequireWithin(ReadOnlySpan<int> numbers, long least, long most, string parameter)
    {
        foreach (var number in numbers)
            if (number < least || number > most)
                throw new ArgumentOutOfRangeException(parameter, number, $"Expected {least} to {most}.");
    }
}
