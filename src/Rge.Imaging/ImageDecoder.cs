using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Rge.Files;
using SkiaSharp;

namespace Rge.Imaging;

/// <summary>
/// Decodes PNG, JPEG, WebP, GIF and BMP to the pixels that Pillow's <c>open</c> and <c>convert("RGB")</c> give: the first frame of an
/// animation; alpha dropped without blending, so that the colour under transparent pixels shows, unless
/// <see cref="ImageOptions.Alpha"/> asks for white below; no colour management. Equal to the last
/// bit, but for BMP of 16 bits a pixel (up to 1 off) and for indices that a palette lacks. An image that ends early is refused, unless
/// <see cref="ImageOptions.Truncated"/> accepts it. Stateless and thread-safe.
/// </summary>
public static class ImageDecoder
{
    private const string Formats = "PNG, JPEG, WebP, GIF or BMP";
    private const int BytesOfPixel = 4;

    private static ReadOnlySpan<byte> EndOfJpeg => [0xFF, 0xD9];

    /// <summary>Rows of a JPEG that are decoded at a time.</summary>
    private const int RowsAtOnce = 16;

    /// <summary>Reads and decodes a file.</summary>
    /// <inheritdoc cref="Decode"/>
    public static RgbImage DecodeFile(string path, ImageLimits? limits = null, ImageOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        limits ??= ImageLimits.Default;
        byte[] bytes;
        try
        {
            using var file = FileReader.Open(path);
            if (file.Length > limits.MaxBytes)
                throw TooManyBytes(path, file.Length, limits);
            bytes = GC.AllocateUninitializedArray<byte>((int)file.Length);
            file.ReadExactly(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ImageInputException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
        return Decode(bytes, path, limits, options);
    }

    /// <summary>Decodes an image held in memory.</summary>
    /// <param name="bytes">The encoded image.</param>
    /// <param name="name">Its name in errors: a file name or an address.</param>
    /// <param name="limits">Limits on its size; <see cref="ImageLimits.Default"/> when null. Checked before any pixel is decoded.</param>
    /// <param name="options">Whether it is turned upright, and what to do if it ends early; <see cref="ImageOptions.Default"/> when
    /// null.</param>
    /// <exception cref="ImageInputException">The image is of another format, too large, truncated or damaged.</exception>
    public static RgbImage Decode(ReadOnlyMemory<byte> bytes, string name, ImageLimits? limits = null, ImageOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        limits ??= ImageLimits.Default;
        options ??= ImageOptions.Default;
        if (bytes.Length > limits.MaxBytes)
            throw TooManyBytes(name, bytes.Length, limits);
        var format = FormatOf(bytes.Span);
        switch (format)
        {
            case SKEncodedImageFormat.Png when Grey16Png.Is(bytes.Span):
                return Read(Grey16Png.AsGreyAlpha(bytes.Span), format.Value, Grey16Png.ToRgb);
            case SKEncodedImageFormat.Gif:
                var opaque = GifFirstFrame.MakeOpaque(bytes.Span, out var background);
                return Read(opaque, format.Value, (rgba, rgb) => Fill(rgba, rgb, background));
            case SKEncodedImageFormat.Webp when BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[4..]) + 8L > bytes.Length:
                throw Truncated(name, format.Value);
            case not null:
                var overWhite = options.Alpha == AlphaHandling.OverWhite && RgbaMode.Is(bytes.Span, format.Value);
                return Read(bytes, format.Value, overWhite ? OverWhite : DropAlpha);
            case null when GitLfsPointer.Is(bytes.Span):
                throw new ImageInputException($"{GitLfsPointer.Problem(name, bytes.Span)}.");
            case null:
                var (kind, canBeConverted) = ForeignFormat.Describe(bytes.Span);
                throw new ImageInputException($"{name} is {kind}, expected {Formats}{(canBeConverted ? ": convert it first" : "")}.");
        }

        RgbImage Read(ReadOnlyMemory<byte> encoded, SKEncodedImageFormat format, PixelConversion convert) =>
            ImageDecoder.Read(encoded, format, name, limits, options, convert)
            ?? (
                options.Truncated == TruncatedImages.Accept && TruncatedImage.Complete(encoded.Span, format) is { } whole
                    ? ImageDecoder.Read(whole, format, name, limits, options, convert)
                    : null
            )
            ?? throw Truncated(name, format);
    }

    /// <summary>Tells the accepted formats by their first bytes, so that no other decoder of the library is ever reached.</summary>
    private static SKEncodedImageFormat? FormatOf(ReadOnlySpan<byte> bytes) =>
        bytes switch
        {
            [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n', ..] => SKEncodedImageFormat.Png,
            [0xFF, 0xD8, 0xFF, ..] => SKEncodedImageFormat.Jpeg,
            [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] =>
                SKEncodedImageFormat.Webp,
            [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => SKEncodedImageFormat.Gif,
            [(byte)'B', (byte)'M', ..] => SKEncodedImageFormat.Bmp,
            _ => null,
        };

    /// <summary>Converts one row.</summary>
    private delegate void PixelConversion(ReadOnlySpan<byte> rgba, Span<byte> rgb);

    /// <returns>The image; null where the file ends before it does.</returns>
    private static unsafe RgbImage? Read(
        ReadOnlyMemory<byte> bytes,
        SKEncodedImageFormat format,
        string name,
        ImageLimits limits,
        ImageOptions options,
        PixelConversion convert
    )
    {
        using var pin = bytes.Pin();
        using var data = SKData.Create((nint)pin.Pointer, bytes.Length);
        using var codec = SKCodec.Create(new SKMemoryStream(data), out var result);
        if (codec is null && result == SKCodecResult.IncompleteInput)
            return null;
        if (codec is null || codec.EncodedFormat != format)
            throw Damaged(name, format);
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if (Math.Max(width, height) > limits.MaxSide)
            throw new ImageInputException($"{name} has {width}×{height} pixels, expected sides of at most {limits.MaxSide}.");
        var pixels = (long)width * height;
        if (pixels > limits.MaxPixels)
            throw new ImageInputException($"{name} has {width}×{height} = {pixels} pixels, expected at most {limits.MaxPixels}.");

        // Unpremultiplied, for colour under zero alpha to survive; without a colour space, for no profile to be applied.
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, colorspace: null);
        // Large photographs are JPEGs, and those can be had a few rows at a time.
        var byRows = format == SKEncodedImageFormat.Jpeg;
        // A progressive one is read to its end here, without saying that this is what is missing.
        if (byRows && codec.StartScanlineDecode(info) != SKCodecResult.Success)
            return bytes.Span.EndsWith(EndOfJpeg) ? throw Damaged(name, format) : null;
        var rowsHeld = byRows ? Math.Min(height, RowsAtOnce) : height;
        var rgba = (byte*)NativeMemory.AllocZeroed((nuint)rowsHeld * (nuint)width, BytesOfPixel);
        try
        {
            var stride = width * RgbImage.Channels;
            var rgb = GC.AllocateUninitializedArray<byte>(height * stride);
            if (!byRows)
            {
                result = codec.GetPixels(info, (nint)rgba);
                if (result == SKCodecResult.IncompleteInput)
                    return null;
                if (result != SKCodecResult.Success)
                    throw Damaged(name, format);
            }
            for (var y = 0; y < height; y += rowsHeld)
            {
                var rows = Math.Min(rowsHeld, height - y);
                if (byRows && codec.GetScanlines((nint)rgba, rows, info.RowBytes) < rows)
                    return null;
                for (var row = 0; row < rows; row++)
                    convert(
                        new ReadOnlySpan<byte>(rgba + (long)row * info.RowBytes, info.RowBytes),
                        rgb.AsSpan((y + row) * stride, stride)
                    );
            }
            var image = new RgbImage(width, height, rgb) { Name = name };
            return options.ExifOrientation == true ? ImageOrientation.Apply(image, codec.EncodedOrigin) : image;
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
            Vector128
                .Shuffle(Vector128.LoadUnsafe(ref from, (nuint)(pixel * BytesOfPixel)), colours)
                .StoreUnsafe(ref to, (nuint)(pixel * RgbImage.Channels));
        for (; pixel < pixels; pixel++)
            rgba.Slice(pixel * BytesOfPixel, RgbImage.Channels).CopyTo(rgb[(pixel * RgbImage.Channels)..]);
    }

    /// <summary>Lays each pixel over white, rounded as Pillow's <c>paste</c> with a mask rounds.</summary>
    private static void OverWhite(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        for (var (from, to) = (0, 0); from < rgba.Length; (from, to) = (from + BytesOfPixel, to + RgbImage.Channels))
        for (var channel = 0; channel < RgbImage.Channels; channel++)
        {
            var alpha = rgba[from + RgbImage.Channels];
            var sum = rgba[from + channel] * alpha + byte.MaxValue * (byte.MaxValue - alpha) + 128;
            rgb[to + channel] = (byte)((sum + (sum >> 8)) >> 8);
        }
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
        new($"{name} has {ByteSize.Excess(found, limits.MaxBytes)}.");

    private static ImageInputException Damaged(string name, SKEncodedImageFormat format) =>
        new($"{name} is a damaged {Name(format)} image: expected one that image viewers show.");

    private static ImageInputException Truncated(string name, SKEncodedImageFormat format) =>
        new(
            $"{name} is a truncated {Name(format)} image, whose file ends before the image does: expected the whole file"
                + (
                    format is SKEncodedImageFormat.Webp or SKEncodedImageFormat.Gif
                        ? "."
                        : ", or --truncated-images accept (in training data.truncated_images) to use what is there."
                )
        );

    private static string Name(SKEncodedImageFormat format) =>
        format switch
        {
            SKEncodedImageFormat.Webp => "WebP",
            _ => format.ToString().ToUpperInvariant(),
        };
}
