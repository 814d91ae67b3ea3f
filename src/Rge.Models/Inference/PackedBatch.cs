using Rge.Imaging;
using Rge.Models.Configuration;
using Rge.Models.Inputs;
using Rge.Models.Layers;
using static TorchSharp.torch;

namespace Rge.Models.Inference;

/// <summary>
/// New tokens of several sequences, packed one after the other without padding, checked before any native call sees them.
/// </summary>
internal sealed class PackedBatch
{
    private readonly IReadOnlyList<VisionFeatures> _images;
    private readonly long[] _imageRows;

    private PackedBatch(
        long[] tokenIds,
        long[] positions,
        TokenRun[] runs,
        int[] nextPositions,
        IReadOnlyList<VisionFeatures> images,
        long[] imageRows
    )
    {
        TokenIds = tokenIds;
        Positions = positions;
        Runs = runs;
        NextPositions = nextPositions;
        _images = images;
        _imageRows = imageRows;
    }

    /// <summary>Token ids <c>[N]</c>.</summary>
    public long[] TokenIds { get; }

    /// <summary>M-RoPE positions <c>[3, N]</c>, row-major.</summary>
    public long[] Positions { get; }

    /// <summary>The tokens of each sequence.</summary>
    public IReadOnlyList<TokenRun> Runs { get; }

    /// <summary>Position of the token that follows each sequence.</summary>
    public int[] NextPositions { get; }

    /// <summary>Packs prompts; with a state, each continues what its slot holds.</summary>
    /// <exception cref="ArgumentException">See <see cref="QwenVlModel.Prefill"/>.</exception>
    public static PackedBatch Create(
        IReadOnlyList<ModelInput> inputs,
        ModelConfig config,
        DecodingState? state = null,
        IReadOnlyList<int>? slots = null
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (inputs.Count == 0)
            throw new ArgumentException("There is no prompt to run.", nameof(inputs));
        if (state is not null && (slots is null || slots.Count != inputs.Count || slots.Distinct().Count() != slots.Count))
            throw new ArgumentException($"Expected {inputs.Count} different slots, one a prompt.", nameof(slots));

        var count = inputs.Sum(input => input.TokenIds.Length);
        var (ids, positions) = (new long[count], new long[3 * count]);
        var (runs, next) = (new TokenRun[inputs.Count], new int[inputs.Count]);
        var imageRows = new List<long>();
        var start = 0;
        for (var i = 0; i < inputs.Count; i++)
        {
            var (tokens, slot) = (inputs[i].TokenIds, slots?[i] ?? -1);
            PromptCheck.Require(inputs[i], i, config);
            state?.RequireRoom(slot, tokens.Length);
            runs[i] = new TokenRun(start, tokens.Length, Slot: slot, Past: state?.Length(slot) ?? 0);
            ImageGrid[] grids = [.. inputs[i].Images.Select(features => features.Grid)];
            var rope = MropePositions.Compute(tokens, grids, config, state?.NextPosition(slot) ?? 0, inputs[i].Positions);
            next[i] = rope.Next;
            for (var t = 0; t < tokens.Length; t++)
            {
                ids[start + t] = tokens[t];
                positions[start + t] = rope.Time[t];
                positions[count + start + t] = rope.Height[t];
                positions[2 * count + start + t] = rope.Width[t];
                if (tokens[t] == config.ImageTokenId)
                    imageRows.Add(start + t);
            }
            start += tokens.Length;
        }
        return new PackedBatch(ids, positions, runs, next, [.. inputs.SelectMany(input => input.Images)], [.. imageRows]);
    }

    /// <summary>
    /// Packs one written token a sequence. Any token may be written: an image or video token is text here, as in the reference.
    /// </summary>
    /// <exception cref="ArgumentException">See <see cref="QwenVlModel.Step"/>.</exception>
    public static PackedBatch OfSteps(IReadOnlyList<int> tokenIds, ModelConfig config, DecodingState state, IReadOnlyList<int> slots)
    {
        var count = tokenIds.Count;
        if (count == 0)
            throw new ArgumentException("There is no token to run.", nameof(tokenIds));
        if (slots.Count != count || slots.Distinct().Count() != count)
            throw new ArgumentException($"Expected {count} different slots, one a token.", nameof(slots));
        var (ids, positions, runs, next) = (new long[count], new long[3 * count], new TokenRun[count], new int[count]);
        for (var i = 0; i < count; i++)
        {
            if ((uint)tokenIds[i] >= (uint)config.Text.VocabSize)
                throw new ArgumentException($"Token {tokenIds[i]} is not in the vocabulary of {config.Text.VocabSize}.", nameof(tokenIds));
            state.RequireRoom(slots[i], 1);
            runs[i] = new TokenRun(i, 1, Slot: slots[i], Past: state.Length(slots[i]));
            var position = state.NextPosition(slots[i]);
            (ids[i], next[i]) = (tokenIds[i], position + 1);
            positions[i] = positions[count + i] = positions[2 * count + i] = position;
        }
        return new PackedBatch(ids, positions, runs, next, [], []);
    }

    /// <summary>How the batch's tokens hang together. Makes tensors: for the scope of one pass.</summary>
    /// <param name="state">The state that the batch was packed for; null where it was packed for none.</param>
    /// <param name="tensors">The batch on the device where the model runs.</param>
    public TokenPass Pass(DecodingState? state, PackedTensors tensors) =>
        new(Runs, new SpanAttention(new SpanSet(Runs, tensors.Slots, tensors.Pasts)), state?.Layers);

    /// <summary>Joins the features of all images and says which rows they replace; null without images.</summary>
    public ImagePlacement? PlaceImages(Device device) => ImagePlacement.Create(_images, _imageRows, device);
}
