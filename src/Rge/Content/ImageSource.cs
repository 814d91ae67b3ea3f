using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Rge.Files;
using Rge.Imaging;

namespace Rge;

/// <summary>Where an image of an item comes from. Nothing is read before the item is embedded. Immutable and thread-safe.</summary>
/// <remarks>In JSON it is the digest of its content, which identifies the image but cannot be read back.</remarks>
[JsonConverter(typeof(ImageSourceConverter))]
public sealed class ImageSource
{
    private readonly Func<long, object> _content; // takes the most bytes of a file that are worth reading
    private readonly Func<ImageLimits, ImageOptions, RgbImage>? _decode;
    private readonly PatchedImage? _patches;

    private ImageSource(string name, Func<long, object> content, Func<ImageLimits, ImageOptions, RgbImage> decode) =>
        (Name, _content, _decode) = (name, content, decode);

    private ImageSource(string name, PatchedImage patches) => (Name, _content, _patches) = (name, _ => patches, patches);

    /// <summary>Name of the image in errors: a file name or an address.</summary>
    public string Name { get; }

    /// <summary>An image file.</summary>
    public static ImageSource FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new ImageSource(path, most => HashFile(path, most), (limits, options) => ImageDecoder.DecodeFile(path, limits, options));
    }

    /// <summary>An encoded image in memory.</summary>
    /// <param name="encoded">PNG, JPEG, WebP, GIF or BMP. Not copied.</param>
    /// <param name="name">Name of the source in errors.</param>
    public static ImageSource FromBytes(ReadOnlyMemory<byte> encoded, string name = "The image")
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new ImageSource(
            name,
            _ => Convert.ToHexString(SHA256.HashData(encoded.Span)),
            (limits, options) => ImageDecoder.Decode(encoded, name, limits, options)
        );
    }

    /// <summary>Decoded pixels.</summary>
    public static ImageSource FromPixels(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return new ImageSource(image.Name, _ => HashPixels(image), (_, _) => image);
    }

    /// <summary>Patches that were cut elsewhere for the same checkpoint. Two sources of the same instance are the same image.</summary>
    public static ImageSource FromPatches(PatchedImage patches)
    {
        ArgumentNullException.ThrowIfNull(patches);
        return new ImageSource("The image", patches);
    }

    /// <summary>The pixels, decoded anew at every call unless they were given as such.</summary>
    /// <param name="limits">Limits on the size of the image; <see cref="ImageLimits.Default"/> when left out.</param>
    /// <param name="options">How an encoded image is read; <see cref="ImageOptions.Default"/> when left out.</param>
    /// <exception cref="ImageInputException">The image cannot be used.</exception>
    /// <exception cref="InvalidOperationException">The source has patches only.</exception>
    public RgbImage Decode(ImageLimits? limits = null, ImageOptions? options = null) =>
        _decode?.Invoke(limits ?? ImageLimits.Default, options ?? ImageOptions.Default)
        ?? throw new InvalidOperationException("The image was given as patches, which have no pixels to decode.");

    /// <summary>
    /// A SHA-256 digest of the encoded file, or of the pixels or patches where these were given; equal for sources of the same content.
    /// Reads the file.
    /// </summary>
    /// <exception cref="ImageInputException">The file cannot be read.</exception>
    public string ContentDigest() => _patches is null ? (string)_content(long.MaxValue) : HashPatches(_patches);

    /// <summary>Equal for sources of the same content.</summary>
    /// <exception cref="ImageInputException">The file cannot be read.</exception>
    public object ContentKey(ImageLimits limits) => _content(limits.MaxBytes);

    /// <summary>Decodes and cuts the image, with the options of the processor.</summary>
    /// <exception cref="ImageInputException">The image cannot be used, or would become more image tokens than are allowed.</exception>
    public PatchedImage Load(ImageProcessor processor, ImageLimits limits, int maxTokens = int.MaxValue) =>
        _patches ?? processor.Process(Decode(limits, processor.Options), maxTokens);

    private static string HashFile(string path, long most)
    {
        try
        {
            using var file = FileReader.Open(path);
            // A file that decoding will refuse is not worth reading; its name tells it apart well enough.
            return file.Length > most ? path : Convert.ToHexString(SHA256.HashData(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImageInputException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
    }

    private static string HashPatches(PatchedImage patches)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<int>([patches.Grid.Temporal, patches.Grid.Height, patches.Grid.Width]));
        hash.AppendData(MemoryMarshal.AsBytes<float>(patches.Pixels));
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static string HashPixels(RgbImage image)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<int>([image.Width, image.Height]));
        hash.AppendData(image.Pixels);
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
