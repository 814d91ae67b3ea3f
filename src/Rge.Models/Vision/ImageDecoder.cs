using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using SkiaSharp;

namespace Rge.Models.Vision;

/// <summary>
/// Decodes PNG, JPEG, WebP, GIF and BMP to the pixels that Pillow's <c>open</c> and <c>convert("RGB")</c> give: the first frame of an
/// animation; alpha dropped without blending, so that the colour under transparent pixels shows; no colour management. Equal to the last
/// bit, but for BMP of 16 bits a pixel (up to 1 off) and for indices that a palette lacks. A picture that ends early is refused, never
/// padded. Stateless and thread-safe.
/// </summary>
public static class ImageDecoder
{
    private const string Formats = "PNG, JPEG, WebP, GIF or BMP";
    private const int BytesOfPixel = 4;

    /// <summary>Reads and decodes a file.</summary>
    /// <inheritdoc cref="Decode"/>
    public static RgbImage DecodeFile(string path, ImageLimits? limits = null, bool applyExifOrientation = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        limits ??= ImageLimits.Default;
        byte[] bytes;
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length > limits.MaxBytes) throw TooManyBytes(path, file.Length, limits);
            bytes = GC.AllocateUninitializedArray<byte>((int)file.Length);
            file.ReadExactly(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ImageInputException($"{path} cannot be read: {e.Message}", e);
        }
        return Decode(bytes, path, limits, applyExifOrientation);
    }

    /// <summary>Decodes a picture held in memory.</summary>
    /// <param name="bytes">The encoded picture.</param>
    /// <param name="name">What errors call it: a file name or an address.</param>
    /// <param name="limits">What it may cost; <see cref="ImageLimits.Default"/> when null. Checked before any pixel is decoded.</param>
    /// <param name="applyExifOrientation">
    /// Turns the picture as its EXIF orientation says (JPEG and WebP). Off by default: the reference shows the pixels as they are stored.
    /// </param>
    /// <exception cref="ImageInputException">The picture is of another format, too large, truncated or broken.</exception>
    public static RgbImage Decode(ReadOnlyMemory<byte> bytes, string name, ImageLimits? limits = null, bool applyExifOrientation = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        limits ??= ImageLimits.Default;
        if (bytes.Length > limits.MaxBytes) throw TooManyBytes(name, bytes.Length, limits);
        switch (FormatOf(bytes.Span))
        {
            case SKEncodedImageFormat.Png when Grey16Png.Is(bytes.Span):
                return Read(Grey16Png.AsGreyAlpha(bytes.Span), SKEncodedImageFormat.Png, name, limits, applyExifOrientation, Grey16Png.ToRgb);
            case SKEncodedImageFormat.Gif:
                var opaque = GifFirstFrame.MakeOpaque(bytes.Span, out var background);
                return Read(opaque, SKEncodedImageFormat.Gif, name, limits, applyExifOrientation, (rgba, rgb) => Fill(rgba, rgb, background));
            case SKEncodedImageFormat.Webp when BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[4..]) + 8L > bytes.Length:
                throw new ImageInputException($"{name} is a truncated Webp picture: it has {bytes.Length} bytes, fewer than its header says.");
            case { } format:
                return Read(bytes, format, name, limits, applyExifOrientation, DropAlpha);
            case null:
                var start = Convert.ToHexString(bytes.Span[..Math.Min(bytes.Length, 12)]);
                throw new ImageInputException($"{name} has {bytes.Length} bytes that begin with [{start}], expected {Formats}.");
        }
    }

    /// <summary>Tells the accepted formats by their first bytes, so that no other decoder of the library is ever reached.</summary>
    private static SKEncodedImageFormat? FormatOf(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n', ..] => SKEncodedImageFormat.Png,
        [0xFF, 0xD8, 0xFF, ..] => SKEncodedImageFormat.Jpeg,
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => SKEncodedImageFormat.Webp,
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => SKEncodedImageFormat.Gif,
        [(byte)'B', (byte)'M', ..] => SKEncodedImageFormat.Bmp,
        _ => null,
    };

    /// <summary>Converts one row.</summary>
    private delegate void PixelConversion(ReadOnlySpan<byte> rgba, Span<byte> rgb);

    private static unsafe RgbImage Read(
        ReadOnlyMemory<byte> bytes, SKEncodedImageFormat format, string name, ImageLimits limits, bool applyExifOrientation, PixelConversion convert)
    {
        using var pin = bytes.Pin();
        using var data = SKData.Create((nint)pin.Pointer, bytes.Length);
        using var codec = SKCodec.Create(new SKMemoryStream(data), out var result);
        if (codec is null || codec.EncodedFormat != format) throw Broken(name, format, result);
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if (Math.Max(width, height) > limits.MaxSide)
            throw new ImageInputException($"{name} has {width}×{height} pixels, expected sides of at most {limits.MaxSide}.");
        var pixels = (long)width * height;
        if (pixels > limits.MaxPixels)
            throw new ImageInputException($"{name} has {width}×{height} = {pixels} pixels, expected at most {limits.MaxPixels}.");

        // Unpremultiplied, for colour under zero alpha to survive; without a colour space, for no profile to be applied.
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, colorspace: null);
        var rgba = (byte*)NativeMemory.AllocZeroed((nuint)pixels, BytesOfPixel);
        try
        {
            result = codec.GetPixels(info, (nint)rgba);
            if (result != SKCodecResult.Success) throw Broken(name, format, result);
            var stride = width * RgbImage.Channels;
            var rgb = GC.AllocateUninitializedArray<byte>(height * stride);
            for (var y = 0; y < height; y++)
                convert(new ReadOnlySpan<byte>(rgba + (long)y * info.RowBytes, info.RowBytes), rgb.AsSpan(y * stride, stride));
            var image = new RgbImage(width, height, rgb) { Name = name };
            return applyExifOrientation ? ImageOrientation.Apply(image, codec.EncodedOrigin) : image;
        }
        finally
        {
            NativeMemory.Free(rgba);
        }
    }

    /// <summary>Keeps red, green and blue of each pixel.</summary>
    private static void DropAlpha(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        ref var from = ref MemoryMarshal.GetReference(rgba);
        ref var to = ref MemoryMarshal.GetReference(rgb);
        var pixels = rgba.Length / BytesOfPixel;
        var pixel = 0;
        // Four pixels at a time; the vector written is longer than their colours, hence the distance kept from the end.
        var colours = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0xFF, 0xFF, 0xFF, 0xFF);
        for (; pixel <= pixels - 6; pixel += 4)
            Vector128.Shuffle(Vector128.LoadUnsafe(ref from, (nuint)(pixel * BytesOfPixel)), colours)
                .StoreUnsafe(ref to, (nuint)(pixel * RgbImage.Channels));
        for (; pixel < pixels; pixel++)
            rgba.Slice(pixel * BytesOfPixel, RgbImage.Channels).CopyTo(rgb[(pixel * RgbImage.Channels)..]);
    }

    /// <summary>Keeps red, green and blue of each opaque pixel, and gives the others one colour.</summary>
    private static void Fill(ReadOnlySpan<byte> rgba, Span<byte> rgb, (byte R, byte G, byte B) background)
    {
        DropAlpha(rgba, rgb);
        for (var (from, to) = (0, 0); from < rgba.Length; (from, to) = (from + BytesOfPixel, to + RgbImage.Channels))
            if (rgba[from + 3] == 0)
                (rgb[to], rgb[to + 1], rgb[to + 2]) = background;
    }

    private static ImageInputException TooManyBytes(string name, long found, ImageLimits limits) =>
        new($"{name} has {found} bytes, expected at most {limits.MaxBytes}.");

    private static ImageInputException Broken(string name, SKEncodedImageFormat format, SKCodecResult result) =>
        new($"{name} is a {(result == SKCodecResult.IncompleteInput ? "truncated" : "broken")} {format} picture: decoding ended with {result}.");
}
