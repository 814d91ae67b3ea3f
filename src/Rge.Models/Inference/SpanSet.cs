using Rge.Models.Layers;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Inference;

/// <summary>The sequences of one packed batch, with what attention needs to know of them, computed once for all layers.</summary>
internal sealed class SpanSet
{
    /// <param name="spans">The sequences.</param>
    /// <param name="slots">Cache slot of each, int64 <c>[B]</c>, on the device; borrowed.</param>
    /// <param name="pasts">Cached tokens of each, int64 <c>[B]</c>, on the device; borrowed.</param>
    public SpanSet(IReadOnlyList<TokenRun> spans, Tensor slots, Tensor pasts)
    {
        Spans = spans;
        SlotNumbers = [.. spans.Select(s => s.Slot)];
        Lengths = [.. spans.Select(s => s.Past + s.Length)];
        AreSteps = spans.All(s => s.Length == 1) && spans.Any(s => s.Past > 0);
        if (!AreSteps)
            return;

        // A decoding step: one token a sequence, attended over padded cache rows under a mask.
        Longest = spans.Max(s => s.Past) + 1;
        (Slots, Pasts) = (slots, pasts);
        SlotsAreFirst = spans.Select((s, i) => s.Slot == i).All(same => same);
        if (spans.Any(s => s.Past + 1 != Longest))
            Mask = (TensorArithmetic.Range(Longest, pasts.device) <= Pasts.unsqueeze(1)).view(spans.Count, 1, 1, Longest);
    }

    public IReadOnlyList<TokenRun> Spans { get; }

    /// <summary>Cache slot of each sequence.</summary>
    public int[] SlotNumbers { get; }

    /// <summary>Tokens of each sequence in its slot once the new ones are written.</summary>
    public int[] Lengths { get; }

    /// <summary>True where every sequence has exactly one new token and there is a past: a decoding step.</summary>
    public bool AreSteps { get; }

    /// <summary>Tokens of the longest sequence of a step, its new one included.</summary>
    public long Longest { get; }

    /// <summary>Cache slots of a step's sequences, int64 <c>[B]</c>.</summary>
    public Tensor? Slots { get; }

    /// <summary>Cached tokens of a step's sequences, int64 <c>[B]</c>; also the place of the new token.</summary>
    public Tensor? Pasts { get; }

    /// <summary>True where the step's sequences are slots 0, 1, 2 … in order, so that no rows need gathering.</summary>
    public bool SlotsAreFirst { get; }

    /// <summary>Which cached tokens a step's sequences may see, bool <c>[B, 1, 1, Longest]</c>; null where all are equally long.</summary>
    public Tensor? Mask { get; }
}
