using Rge.Imaging;
using Rge.Models.Configuration;
using Rge.Models.Gradients;
using Rge.Models.Layers;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Families;

/// <summary>The vision tower of all families: patches in, one vector of the decoder's width for each merged patch out.</summary>
internal sealed class VisionTower
{
    /// <summary>What the names of the blocks start with.</summary>
    public const string Blocks = Root + "blocks.";

    private const string Root = "model.visual.";

    private readonly VisionConfig _config;
    private readonly FamilyDefinition _family;
    private readonly VisionRotary _rotary;
    private readonly PatchEmbedding _patches;
    private readonly IPatchPositions? _positions;
    private readonly VisionBlock[] _blocks;
    private readonly PatchMerger _merger;
    private readonly PatchMerger[] _deepstackMergers;

    public VisionTower(VisionConfig config, FamilyDefinition family, LayerFactory factory)
    {
        (_config, _family) = (config, family);
        var hidden = config.HiddenSize;
        _rotary = new VisionRotary(hidden / config.NumHeads);
        var projection = factory.Parameter(
            Root + "patch_embed.proj.weight",
            hidden,
            config.InChannels,
            config.TemporalPatchSize,
            config.PatchSize,
            config.PatchSize
        );
        _patches = new PatchEmbedding(
            projection,
            family.HasPatchBias ? factory.Parameter(Root + "patch_embed.proj.bias", hidden) : null,
            hidden
        );
        _positions = family.PatchPositions(config, factory, Root);
        _blocks = [.. Enumerable.Range(0, config.Depth).Select(MakeBlock)];
        _merger = family.Merger(config, factory, Root + "merger");
        _deepstackMergers = family.DeepstackMergers(config, factory, Root);

        VisionBlock MakeBlock(int index)
        {
            var name = $"{Blocks}{index}.";
            var firstNorm = family.VisionNorm(factory, name + "norm1", hidden);
            var attention = new VisionAttention(
                config.NumHeads,
                factory.Linear(name + "attn.qkv", hidden, 3L * hidden, bias: true),
                factory.Linear(name + "attn.proj", hidden, hidden, bias: true)
            );
            var secondNorm = family.VisionNorm(factory, name + "norm2", hidden);
            return new VisionBlock(firstNorm, attention, secondNorm, family.VisionFeedForward(config, factory, name + "mlp."));
        }
    }

    /// <summary>Runs the tower over several images at once; attention stays within each image.</summary>
    /// <param name="images">The images.</param>
    /// <param name="activationCheckpointing">Whether the backward pass is to run the blocks again, rather than find all they computed in
    /// memory.</param>
    /// <returns>Merged patch features of all images, <c>[ΣM, hidden]</c>, and the same for each deepstack block.</returns>
    /// <exception cref="ArgumentException">A patch length or a grid does not fit the configuration.</exception>
    public (Tensor Merged, Tensor[] Deepstack) Forward(IReadOnlyList<PatchedImage> images, bool activationCheckpointing = false)
    {
        foreach (var image in images)
            Require(image);
        var vision = _config;
        var device = _patches.Device;
        var orders = images.Select(image => new PatchOrder(image.Grid, vision.SpatialMergeSize)).ToArray();
        var layout = new PatchLayout(images, orders, vision, _family);

        // The residual stream is float32, as in the decoder.
        var x = _patches.Forward(Patches(images, layout.Permutation)).to(ScalarType.Float32); // (P, width)
        if (_positions is not null)
            x = x.Plus(cat([.. images.Select((image, i) => _positions.Forward(image.Grid, orders[i]))], 0));

        var rotary = _rotary.Table(layout.Rows, layout.Columns, device);
        var deepstack = new Tensor[_deepstackMergers.Length];
        for (var i = 0; i < _blocks.Length; i++)
        {
            using var scope = NewDisposeScope();
            var whole = layout.Windows is null || vision.FullAttentionBlocks.Contains(i);
            var (block, segments) = (_blocks[i], whole ? layout.Frames : layout.Windows!);
            x = activationCheckpointing
                ? ActivationCheckpointing.Run((x, rotary, _) => block.Forward(x, rotary, segments), x, rotary, outputTokens: null)
                : block.Forward(x, rotary, segments);
            x = x.MoveToOuterDisposeScope();
            for (var d = 0; d < deepstack.Length; d++)
                if (vision.DeepstackBlocks[d] == i)
                    deepstack[d] = _deepstackMergers[d].Forward(x).MoveToOuterDisposeScope();
        }
        var merged = _merger.Forward(x);
        return (layout.Inverse is null ? merged : Reorder(merged, layout.Inverse), deepstack);

        Tensor Reorder(Tensor rows, long[] order)
        {
            using var index = HostTransfers.Upload(order, device);
            return rows.index_select(0, index);
        }
    }

    /// <summary>The patches of all images, float32 <c>[ΣP, length]</c> on the CPU, in the order that attention wants.</summary>
    private static unsafe Tensor Patches(IReadOnlyList<PatchedImage> images, long[]? order)
    {
        var length = images[0].PatchLength;
        var patches = empty([images.Sum(image => (long)image.Grid.Patches), length], ScalarType.Float32);
        var target = (float*)TensorPointer.Of(patches);
        var first = 0;
        foreach (var image in images)
        {
            // An image's patches change places among themselves only.
            for (var i = 0; i < image.Grid.Patches; i++)
            {
                var source = order is null ? i : (int)order[first + i] - first;
                image.Pixels.AsSpan(source * length, length).CopyTo(new Span<float>(target + (long)(first + i) * length, length));
            }
            first += image.Grid.Patches;
        }
        return patches;
    }

    private void Require(PatchedImage image)
    {
        var (vision, grid) = (_config, image.Grid);
        if (image.PatchLength != vision.PatchLength)
            throw new ArgumentException(
                $"A patch has {image.PatchLength} values, expected {vision.PatchLength} for this checkpoint's patch size "
                    + $"{vision.PatchSize}.",
                nameof(image)
            );
        if (
            grid.Temporal < 1
            || grid.Height < 1
            || grid.Width < 1
            || grid.Height % vision.SpatialMergeSize != 0
            || grid.Width % vision.SpatialMergeSize != 0
        )
            throw new ArgumentException($"Patch grid {grid} is not a multiple of the merge size {vision.SpatialMergeSize}.", nameof(image));
    }
}
