using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Rge.Imaging;
using Rge.Models.Inputs;

namespace Rge.Decoding;

/// <summary>
/// What a prompt shows the model, in order to find what another prompt begins with, too: its tokens, and its images by their content.
/// Immutable; holds no native memory.
/// </summary>
internal sealed class PromptContent
{
    private readonly int[] _tokens;
    private readonly PromptImage[] _images;

    private PromptContent(int[] tokens, PromptImage[] images, PositionScheme positions) =>
        (_tokens, _images, Positions) = (tokens, images, positions);

    /// <summary>Number of tokens.</summary>
    public int Length => _tokens.Length;

    /// <summary>Where the last image ends, at the token after it; 0 without images.</summary>
    public int ImagesEnd => _images.Length == 0 ? 0 : _images[^1].End;

    /// <summary>How the tokens are numbered.</summary>
    public PositionScheme Positions { get; }

    /// <summary>Finds the images of a prompt among its tokens.</summary>
    /// <param name="request">The prompt.</param>
    /// <param name="images">Its images; their grids are known.</param>
    /// <param name="model">Says how many tokens an image takes.</param>
    /// <returns>Null where the image tokens do not fit the images, which is an error as soon as the prompt is read.</returns>
    public static PromptContent? Create(DecodeRequest request, IReadOnlyList<ImageLease> images, ISequenceModel model)
    {
        var places = new List<PromptImage>();
        for (var i = 0; i < request.PromptIds.Length; )
        {
            if (request.PromptIds[i] != model.ImageTokenId)
            {
                i++;
                continue;
            }
            if (places.Count == images.Count)
                return null;
            var image = images[places.Count];
            var end = i + model.TokensOf(image.Grid);
            if (end > request.PromptIds.Length || request.PromptIds.AsSpan(i..end).ContainsAnyExcept(model.ImageTokenId))
                return null;
            places.Add(new PromptImage(i, end, image.Grid, KeyOf(image)));
            i = end;
        }
        return places.Count == images.Count ? new PromptContent(request.PromptIds, [.. places], request.Positions) : null;
    }

    /// <summary>How many tokens this and another prompt begin with that show the model the same.</summary>
    public int CommonLength(PromptContent other)
    {
        if (Positions != other.Positions)
            return 0;
        var common = _tokens.AsSpan().CommonPrefixLength(other._tokens);
        foreach (var (own, another) in _images.Zip(other._images))
            if (own != another)
                return Math.Min(common, own.Start);
        return common;
    }

    /// <summary>
    /// The longest beginning of at most so many tokens that the prompt can be read on from: it neither ends within an image nor right
    /// before one, whose tokens are numbered by what stands before them.
    /// </summary>
    public int CutAt(int tokens)
    {
        for (var i = _images.Length - 1; i >= 0; i--)
            if (_images[i].Start <= tokens && tokens < _images[i].End)
                tokens = Math.Max(0, _images[i].Start - 1);
        return tokens;
    }

    /// <summary>The first tokens.</summary>
    public ReadOnlySpan<int> First(int tokens) => _tokens.AsSpan(0, tokens);

    /// <summary>The grids of the images within the first tokens.</summary>
    public ImageGrid[] GridsWithin(int tokens) => [.. _images.Take(ImagesWithin(tokens)).Select(image => image.Grid)];

    /// <summary>How many images lie within the first tokens, which are cut as <see cref="CutAt"/> does.</summary>
    public int ImagesWithin(int tokens) => _images.Count(image => image.End <= tokens);

    /// <summary>The content of an image; patches by their digest, as they are too large to be kept for comparison.</summary>
    private static object KeyOf(ImageLease image) =>
        image.Key is PatchedImage patches
            ? Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes(patches.Pixels.AsSpan())))
            : image.Key;

    /// <summary>An image of the prompt.</summary>
    /// <param name="Start">Its first token.</param>
    /// <param name="End">The token after its last.</param>
    /// <param name="Grid">Its patch grid.</param>
    /// <param name="Key">Identifies its content.</param>
    private sealed record PromptImage(int Start, int End, ImageGrid Grid, object Key);
}
