using System.Buffers.Binary;
using SkiaSharp;

namespace Rge.Imaging;

/// <summary>Which images Pillow opens in the mode RGBA, by the headers of their files.</summary>
internal static class RgbaMode
{
    /// <summary>The colour type of truecolour with alpha, and where a PNG has its own.</summary>
    private const int PngTruecolourAlpha = 6,
        PngColourType = 25;

    private const int BmpHeaderSize = 14,
        BmpBitsPerPixel = 28,
        BmpCompression = 30,
        BmpAlphaMask = 66,
        BmpBitFields = 3;

    /// <summary>Whether the image is of that mode. A WebP image without alpha is opaque, so that it makes no difference there.</summary>
    /// <param name="bytes">The encoded image.</param>
    /// <param name="format">Its format.</param>
    public static bool Is(ReadOnlySpan<byte> bytes, SKEncodedImageFormat format) =>
        format switch
        {
            SKEncodedImageFormat.Png => bytes.Length > PngColourType && bytes[PngColourType] == PngTruecolourAlpha,
            SKEncodedImageFormat.Webp => true,
            SKEncodedImageFormat.Bmp => bytes.Length >= BmpAlphaMask + sizeof(uint)
                && BinaryPrimitives.ReadInt32LittleEndian(bytes[BmpHeaderSize..]) >= BmpAlphaMask + sizeof(uint) - BmpHeaderSize
                && BinaryPrimitives.ReadInt16LittleEndian(bytes[BmpBitsPerPixel..]) == 32
                && BinaryPrimitives.ReadInt32LittleEndian(bytes[BmpCompression..]) == BmpBitFields
                && BinaryPrimitives.ReadUInt32LittleEndian(bytes[BmpAlphaMask..]) != 0,
            _ => false,
        };
}
