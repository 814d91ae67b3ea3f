using Rge.Models.Kernels;
using Rge.Models.Layers;
using Rge.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Rge.Models.Inference;

/// <summary>
/// Causal attention within each of several packed sequences, after what a cache holds of them: one sequence at a time, so that none is
/// padded and none can see another.
/// </summary>
/// <param name="spans">Which tokens belong to which sequence.</param>
internal sealed class SpanAttention(SpanSet spans) : IAttentionPattern
{
    /// <summary>In prompts: a softmax of large scores makes much of a rounding. A step reads rounded keys from the cache anyway.</summary>
    public bool WantsFloat32Queries => !spans.AreSteps;

    public Tensor Attend(KvCache? cache, Tensor queries, Tensor keys, Tensor values)
    {
        if (cache is not null)
            Write(cache, keys.to(values.dtype), values);
        return cache is not null && spans.AreSteps
            ? AttendStep(queries, cache.Keys, cache.Values)
            : AttendSpans(cache, queries, keys, values);
    }

    /// <summary>Writes the new tokens' keys and values <c>[N, kvHeads, headDim]</c> to their places.</summary>
    private void Write(KvCache cache, Tensor keys, Tensor values)
    {
        if (spans.AreSteps && CpuKernels.SupportsCache(cache.Keys, cache.Values))
        {
            CpuKernels.WriteStep(keys, values, cache.Keys, cache.Values, spans.SlotNumbers, spans.Lengths);
            return;
        }
        if (spans.AreSteps)
        {
            TensorIndex slots = TensorIndex.Tensor(spans.Slots!),
                places = TensorIndex.Tensor(spans.Pasts!);
            using Tensor keyView = cache.Keys.transpose(1, 2),
                valueView = cache.Values.transpose(1, 2);
            keyView.index_put_(keys, slots, places);
            valueView.index_put_(values, slots, places);
            return;
        }
        foreach (var span in spans.Spans)
        {
            Copy(cache.Keys, keys, span);
            Copy(cache.Values, values, span);
        }

        static void Copy(Tensor cache, Tensor tokens, TokenRun span)
        {
            using var place = cache[span.Slot].narrow(1, span.Past, span.Length);
            place.copy_(tokens.narrow(0, span.Start, span.Length).transpose(0, 1));
        }
    }

    /// <summary>
    /// One query token a sequence: the query heads of a group become rows that share their keys and values, which are not repeated.
    /// </summary>
    private Tensor AttendStep(Tensor queries, Tensor keys, Tensor values)
    {
        long rows = spans.Spans.Count,
            keyHeads = keys.shape[1];
        if (CpuKernels.SupportsCache(keys, values))
            return CpuKernels.AttendStep(queries, keys, values, spans.SlotNumbers, spans.Lengths);
        (keys, values) = spans.SlotsAreFirst
            ? (keys.narrow(0, 0, rows), values.narrow(0, 0, rows))
            : (keys.index_select(0, spans.Slots!), values.index_select(0, spans.Slots!));
        var grouped = queries.view(rows, keyHeads, queries.shape[1] / keyHeads, queries.shape[2]);
        var attended = scaled_dot_product_attention(
            grouped,
            keys.narrow(2, 0, spans.Longest),
            values.narrow(2, 0, spans.Longest),
            spans.Mask
        );
        return attended.reshape(rows, -1);
    }

    private Tensor AttendSpans(KvCache? cache, Tensor q, Tensor k, Tensor v)
    {
        var wide = v.to(ScalarType.Float32);
        if (q.device_type == DeviceType.CPU && CpuKernels.SupportsAttend(q, k, wide))
            return CpuKernels.Attend(q, WithPasts(k, cache?.Keys), WithPasts(wide, cache?.Values), Segments(), isCausal: true).to(v.dtype);
        (q, k) = (q.to(v.dtype), k.to(v.dtype));
        var parts = new Tensor[spans.Spans.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            var span = spans.Spans[i];
            var queries = q.narrow(0, span.Start, span.Length).transpose(0, 1).unsqueeze(0); // (1, heads, T, D)
            Tensor keys,
                values;
            if (span.Past == 0)
            {
                keys = k.narrow(0, span.Start, span.Length).transpose(0, 1);
                values = v.narrow(0, span.Start, span.Length).transpose(0, 1);
            }
            else
            {
                keys = cache!.Keys[span.Slot].narrow(1, 0, span.Past + span.Length);
                values = cache.Values[span.Slot].narrow(1, 0, span.Past + span.Length);
            }
            (keys, values) = (RepeatHeads(keys, q.shape[1]), RepeatHeads(values, q.shape[1]));
            var attended =
                span.Past == 0
                    ? scaled_dot_product_attention(queries, keys, values, is_casual: true)
                    : scaled_dot_product_attention(queries, keys, values, CausalMask(span, q.device));
            parts[i] = attended.squeeze(0).transpose(0, 1).reshape(span.Length, -1); // (T, heads · D)
        }
        return parts.Length == 1 ? parts[0] : cat(parts, 0);
    }

    /// <summary>What the cache holds of each sequence and its new tokens after it, packed as these are.</summary>
    private Tensor WithPasts(Tensor tokens, Tensor? cached)
    {
        if (spans.Spans.All(span => span.Past == 0))
            return tokens;
        var parts = new List<Tensor>();
        foreach (var span in spans.Spans)
        {
            if (span.Past > 0)
                parts.Add(cached![span.Slot].narrow(1, 0, span.Past).transpose(0, 1).to(tokens.dtype));
            parts.Add(tokens.narrow(0, span.Start, span.Length));
        }
        return cat(parts, 0);
    }

    /// <summary>Which of the keys of <see cref="WithPasts"/> the tokens of each sequence see.</summary>
    private AttentionSegment[] Segments()
    {
        var (segments, first) = (new AttentionSegment[spans.Spans.Count], 0);
        for (var i = 0; i < segments.Length; i++)
        {
            var (span, keys) = (spans.Spans[i], spans.Lengths[i]);
            segments[i] = new AttentionSegment(span.Start, span.Length, first, keys);
            first += keys;
        }
        return segments;
    }

    /// <summary><c>[kvHeads, T, D]</c> → <c>[1, heads, T, D]</c>, each key head repeated for its group of query heads.</summary>
    private static Tensor RepeatHeads(Tensor x, long heads)
    {
        var (tokens, width) = (x.shape[1], x.shape[2]);
        return x.unsqueeze(1).expand(-1, heads / x.shape[0], -1, -1).reshape(1, heads, tokens, width);
    }

    /// <summary>New token i of a sequence with a past may see cached tokens 0 … past + i.</summary>
    private static Tensor CausalMask(TokenRun span, Device device)
    {
        var last = TensorArithmetic.Range(span.Past, span.Past + span.Length, device).unsqueeze(1);
        return TensorArithmetic.Range(span.Past + span.Length, device).unsqueeze(0) <= last;
    }
}
