using Rge.Imaging;
using Rge.Models.Configuration;

namespace Rge.Models.Inputs;

/// <summary>
/// Multimodal rotary positions of a prompt: three rows (time, height, width). Text tokens advance all three together; the tokens of an
/// image share one time position and spread over height and width; text continues after the largest position used so far.
/// </summary>
/// <remarks>
/// As in transformers, an image is one where its tokens follow the vision start token. Prompts without it, such as VLM2Vec's, have image
/// tokens that advance like text.
/// </remarks>
public sealed class MropePositions
{
    private MropePositions(int[] time, int[] height, int[] width, int next)
    {
        Time = time;
        Height = height;
        Width = width;
        Next = next;
    }

    /// <summary>Time position of each token.</summary>
    public int[] Time { get; }

    /// <summary>Height position of each token.</summary>
    public int[] Height { get; }

    /// <summary>Width position of each token.</summary>
    public int[] Width { get; }

    /// <summary>Position of the token after these, the same on all three axes.</summary>
    public int Next { get; }

    /// <summary>Computes the positions of a sequence of tokens.</summary>
    /// <param name="tokenIds">Token ids, image pads expanded.</param>
    /// <param name="grids">Patch grid of each image, in order of appearance.</param>
    /// <param name="config">Names the special tokens and the merge size.</param>
    /// <param name="first">Position of the first token: 0, or <see cref="Next"/> of the tokens before.</param>
    /// <param name="scheme">Whether image tokens spread or advance like text.</param>
    /// <exception cref="ArgumentException">The image tokens do not fit the grids, or a video token occurs.</exception>
    public static MropePositions Compute(
        ReadOnlySpan<int> tokenIds,
        IReadOnlyList<ImageGrid> grids,
        ModelConfig config,
        int first = 0,
        PositionScheme scheme = PositionScheme.Multimodal
    )
    {
        ArgumentNullException.ThrowIfNull(grids);
        ArgumentNullException.ThrowIfNull(config);
        int[] time = new int[tokenIds.Length],
            height = new int[tokenIds.Length],
            width = new int[tokenIds.Length];
        var (next, image, merge) = (first, 0, config.Vision.SpatialMergeSize);
        for (var i = 0; i < tokenIds.Length; )
        {
            if (tokenIds[i] == config.VideoTokenId)
                throw new ArgumentException($"Token {i} is a video token; videos are not supported.", nameof(tokenIds));
            if (tokenIds[i] != config.ImageTokenId)
            {
                time[i] = height[i] = width[i] = next++;
                i++;
                continue;
            }
            if (image == grids.Count)
                throw new ArgumentException($"Token {i} begins an image, but only {grids.Count} images were given.", nameof(tokenIds));
            var grid = grids[image++];
            int rows = grid.Height / merge,
                columns = grid.Width / merge,
                tokens = grid.MergedPatches(merge);
            var run = i;
            while (run < tokenIds.Length && run < i + tokens && tokenIds[run] == config.ImageTokenId)
                run++;
            if (run - i != tokens)
                throw new ArgumentException(
                    $"Image {image - 1} has {tokens} merged patches, but {run - i} image tokens at position {i}.",
                    nameof(tokenIds)
                );
            if (scheme == PositionScheme.Sequential || i == 0 || tokenIds[i - 1] != config.VisionStartTokenId)
            {
                for (; i < run; i++)
                    time[i] = height[i] = width[i] = next++;
                continue;
            }
            for (var k = 0; k < tokens; k++)
            {
                time[i + k] = next + k / (rows * columns);
                height[i + k] = next + k / columns % rows;
                width[i + k] = next + k % columns;
            }
            next += Math.Max(grid.Temporal, Math.Max(rows, columns));
            i = run;
        }
        if (image != grids.Count)
            throw new ArgumentException($"{grids.Count} images were given, but the prompt has places for {image}.", nameof(grids));
        return new MropePositions(time, height, width, next);
    }
}
