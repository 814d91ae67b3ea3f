using Rge.Models.Kernels;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Rge.Models.Layers;

/// <summary>
/// Causal self-attention with grouped key and value heads over packed sequences: projections see all tokens at once, attention sees one
/// sequence at a time, so that no sequence is padded and none can see another.
/// </summary>
internal sealed class DecoderAttention(TextConfig config, int layer, Linear query, Linear key, Linear value, Linear output, INorm? queryNorm, INorm? keyNorm)
{
    private readonly int _group = config.NumAttentionHeads / config.NumKeyValueHeads;

    /// <param name="x">Normalised hidden states <c>[N, hidden]</c>.</param>
    /// <param name="rotary">Rotary table of the N positions.</param>
    /// <param name="spans">Which tokens belong to which sequence.</param>
    /// <param name="cache">Keys and values of earlier tokens, extended by the new ones; null when the sequences stand alone.</param>
    /// <param name="rows">Tokens whose result is wanted, int64 <c>[R]</c>; null for all.</param>
    /// <returns><c>[N, hidden]</c>, or <c>[R, hidden]</c></returns>
    public Tensor Forward(Tensor x, RotaryTable rotary, SpanSet spans, KvCache? cache, Tensor? rows)
    {
        var count = x.shape[0];
        Tensor q = query.Forward(x).view(count, config.NumAttentionHeads, config.HeadDim);
        Tensor k = key.Forward(x).view(count, config.NumKeyValueHeads, config.HeadDim);
        Tensor v = value.Forward(x).view(count, config.NumKeyValueHeads, config.HeadDim);
        if (queryNorm is not null && keyNorm is not null) (q, k) = (queryNorm.Forward(q), keyNorm.Forward(k));
        (q, k) = (rotary.Rotate(q), rotary.Rotate(k));
        cache?.Write(layer, spans, k, v);
        var attended = cache is not null && spans.AreSteps ? AttendStep(q, spans, cache) : AttendSpans(q, k, v, spans, cache);
        return output.Forward(rows is null ? attended : attended.index_select(0, rows));
    }

    /// <summary>One query token a sequence: the query heads of a group become rows that share their keys and values, which are not repeated.</summary>
    private Tensor AttendStep(Tensor q, SpanSet spans, KvCache cache)
    {
        var rows = spans.Spans.Count;
        Tensor keys = cache.Keys(layer), values = cache.Values(layer);
        if (CpuKernels.SupportsCache(keys, values)) return CpuKernels.AttendStep(q, keys, values, spans.SlotNumbers, spans.Lengths);
        (keys, values) = spans.SlotsAreFirst
            ? (keys.narrow(0, 0, rows), values.narrow(0, 0, rows))
            : (keys.index_select(0, spans.Slots!), values.index_select(0, spans.Slots!));
        var grouped = q.view(rows, config.NumKeyValueHeads, _group, config.HeadDim);
        var attended = scaled_dot_product_attention(grouped, keys.narrow(2, 0, spans.Longest), values.narrow(2, 0, spans.Longest), spans.Mask);
        return attended.reshape(rows, -1);
    }

    private Tensor AttendSpans(Tensor q, Tensor k, Tensor v, SpanSet spans, KvCache? cache)
    {
        var parts = new Tensor[spans.Spans.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            var span = spans.Spans[i];
            var queries = q.narrow(0, span.Start, span.Length).transpose(0, 1).unsqueeze(0); // (1, heads, T, D)
            Tensor keys, values;
            if (span.Past == 0)
            {
                keys = k.narrow(0, span.Start, span.Length).transpose(0, 1);
                values = v.narrow(0, span.Start, span.Length).transpose(0, 1);
            }
            else
            {
                keys = cache!.Keys(layer)[span.Slot].narrow(1, 0, span.Past + span.Length);
                values = cache.Values(layer)[span.Slot].narrow(1, 0, span.Past + span.Length);
            }
            var attended = span.Past == 0
                ? scaled_dot_product_attention(queries, RepeatHeads(keys), RepeatHeads(values), is_casual: true)
                : scaled_dot_product_attention(queries, RepeatHeads(keys), RepeatHeads(values), CausalMask(span, q.device));
            parts[i] = attended.squeeze(0).transpose(0, 1).reshape(span.Length, -1); // (T, heads · D)
        }
        return parts.Length == 1 ? parts[0] : cat(parts, 0);
    }

    /// <summary><c>[kvHeads, T, D]</c> → <c>[1, heads, T, D]</c>, each key head repeated for its group of query heads.</summary>
    private Tensor RepeatHeads(Tensor x)
    {
        var (tokens, width) = (x.shape[1], x.shape[2]);
        return x.unsqueeze(1).expand(-1, _group, -1, -1).reshape(1, config.NumAttentionHeads, tokens, width);
    }

    /// <summary>New token i of a sequence with a past may see cached tokens 0 … past + i.</summary>
    private static Tensor CausalMask(SequenceSpan span, Device device)
    {
        var last = arange(span.Past, span.Past + span.Length, device: device).unsqueeze(1);
        return arange(span.Past + span.Length, device: device).unsqueeze(0) <= last;
    }
}
