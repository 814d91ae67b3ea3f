using Rge.Models.Configuration;
using Rge.Models.Inputs;
using static TorchSharp.torch;

namespace Rge.Models.Inference;

/// <summary>New tokens of several sequences, packed one after the other without padding, checked before any native call sees them.</summary>
internal sealed class PackedBatch
{
    private readonly IReadOnlyList<VisionFeatures> _images;
    private readonly long[] _imageRows;

    private PackedBatch(long[] tokenIds, float[] positions, SequenceSpan[] spans, int[] nextPositions, IReadOnlyList<VisionFeatures> images, long[] imageRows)
    {
        TokenIds = tokenIds;
        Positions = positions;
        Spans = spans;
        NextPositions = nextPositions;
        _images = images;
        _imageRows = imageRows;
    }

    /// <summary>Token ids <c>[N]</c>.</summary>
    public long[] TokenIds { get; }

    /// <summary>M-RoPE positions <c>[3, N]</c>, row-major; whole numbers.</summary>
    public float[] Positions { get; }

    /// <summary>Which tokens belong to which sequence.</summary>
    public IReadOnlyList<SequenceSpan> Spans { get; }

    /// <summary>Position of the token that follows each sequence.</summary>
    public int[] NextPositions { get; }

    /// <summary>Packs prompts; with a cache, each goes on where its slot has got to.</summary>
    /// <exception cref="ArgumentException">See <see cref="QwenVlModel.Prefill"/>.</exception>
    public static PackedBatch Of(IReadOnlyList<ModelInput> inputs, ModelConfig config, KvCache? cache = null, IReadOnlyList<int>? slots = null)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (inputs.Count == 0) throw new ArgumentException("There is no prompt to run.", nameof(inputs));
        if (cache is not null && (slots is null || slots.Count != inputs.Count || slots.Distinct().Count() != slots.Count))
            throw new ArgumentException($"Expected {inputs.Count} different slots, one a prompt.", nameof(slots));

        var count = inputs.Sum(input => input.TokenIds.Length);
        var (ids, positions) = (new long[count], new float[3 * count]);
        var (spans, next) = (new SequenceSpan[inputs.Count], new int[inputs.Count]);
        var imageRows = new List<long>();
        var start = 0;
        for (var i = 0; i < inputs.Count; i++)
        {
            var (tokens, slot) = (inputs[i].TokenIds, slots?[i] ?? 0);
            PromptCheck.Require(inputs[i], i, config);
            cache?.RequireRoom(slot, tokens.Length);
            spans[i] = new SequenceSpan(slot, start, tokens.Length, cache?.Length(slot) ?? 0);
            var rope = MropePositions.Compute(tokens, [.. inputs[i].Images.Select(f => f.Grid)], config, cache?.NextPosition(slot) ?? 0);
            next[i] = rope.Next;
            for (var t = 0; t < tokens.Length; t++)
            {
                ids[start + t] = tokens[t];
                positions[start + t] = rope.Time[t];
                positions[count + start + t] = rope.Height[t];
                positions[2 * count + start + t] = rope.Width[t];
                if (tokens[t] == config.ImageTokenId) imageRows.Add(start + t);
            }
            start += tokens.Length;
        }
        return new PackedBatch(ids, positions, spans, next, [.. inputs.SelectMany(input => input.Images)], [.. imageRows]);
    }

    /// <summary>Packs one written token a sequence. Any token may be written: an image or video token is text here, as in the reference.</summary>
    /// <exception cref="ArgumentException">See <see cref="QwenVlModel.Step"/>.</exception>
    public static PackedBatch OfSteps(IReadOnlyList<int> tokenIds, ModelConfig config, KvCache cache, IReadOnlyList<int> slots)
    {
        var count = tokenIds.Count;
        if (count == 0) throw new ArgumentException("There is no token to run.", nameof(tokenIds));
        if (slots.Count != count || slots.Distinct().Count() != count)
            throw new ArgumentException($"Expected {count} different slots, one a token.", nameof(slots));
        var (ids, positions, spans, next) = (new long[count], new float[3 * count], new SequenceSpan[count], new int[count]);
        for (var i = 0; i < count; i++)
        {
            if ((uint)tokenIds[i] >= (uint)config.Text.VocabSize)
                throw new ArgumentException($"Token {tokenIds[i]} is not in the vocabulary of {config.Text.VocabSize}.", nameof(tokenIds));
            cache.RequireRoom(slots[i], 1);
            spans[i] = new SequenceSpan(slots[i], i, 1, cache.Length(slots[i]));
            var position = cache.NextPosition(slots[i]);
            (ids[i], next[i]) = (tokenIds[i], position + 1);
            positions[i] = positions[count + i] = positions[2 * count + i] = position;
        }
        return new PackedBatch(ids, positions, spans, next, [], []);
    }

    /// <summary>Joins the features of all images and says which rows they replace; null without images.</summary>
    public ImagePlacement? PlaceImages(Device device) => ImagePlacement.Of(_images, _imageRows, device);
}
