using Rge.Models.Kernels;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Rge.Models.Layers;

/// <summary>Bidirectional attention of the vision tower, within segments (a window, or a whole frame) of the packed patches.</summary>
internal sealed class VisionAttention(int heads, Linear qkv, Linear projection)
{
    /// <param name="x">Normalized patches <c>[P, width]</c>.</param>
    /// <param name="rotary">Rotary table of the P patches.</param>
    /// <param name="segments">Lengths of the segments, in order; they sum to P.</param>
    public Tensor Forward(Tensor x, RotaryTable rotary, IReadOnlyList<SegmentRun> segments)
    {
        long count = x.shape[0],
            width = x.shape[1] / heads;
        var split = qkv.Forward(x).view(count, 3, heads, width);
        var three = split.unbind(1);
        Tensor q = Rotate(three[0]),
            k = Rotate(three[1]),
            v = three[2];
        if (CpuKernels.SupportsAttend(q, k, v))
            return projection.Forward(CpuKernels.Attend(q, k, v, [.. segments.SelectMany(ToSegments)], isCausal: false));
        var parts = new Tensor[segments.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            var run = segments[i];
            var attended = scaled_dot_product_attention(Segments(q, run), Segments(k, run), Segments(v, run));
            parts[i] = attended.transpose(1, 2).reshape(run.Count * run.Length, -1);
        }
        return projection.Forward(parts.Length == 1 ? parts[0] : cat(parts, 0));

        // The reference rotates vision queries and keys in float32 whatever the model's number type.
        Tensor Rotate(Tensor t) => rotary.Rotate(t.to(ScalarType.Float32)).to(t.dtype);

        static IEnumerable<AttentionSegment> ToSegments(SegmentRun run) =>
            Enumerable
                .Range(0, run.Count)
                .Select(i => run.Start + i * run.Length)
                .Select(first => new AttentionSegment(first, run.Length, first, run.Length));

        // Equally long neighbours are attended in one call: (segments, heads, length, width).
        Tensor Segments(Tensor t, SegmentRun run) =>
            t.narrow(0, run.Start, (long)run.Count * run.Length).view(run.Count, run.Length, heads, width).transpose(1, 2);
    }
}
