using System.Buffers.Binary;
using SkiaSharp;

namespace Rge.Imaging;

/// <summary>
/// Completes files that end early, so that a decoder shows what Pillow shows where it is configured to load truncated images. Nothing of
/// what is there is changed.
/// </summary>
internal static class TruncatedImage
{
    /// <summary>A whole file in place of one that ends early; null where that cannot be done.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="format">Its format.</param>
    public static byte[]? Complete(ReadOnlySpan<byte> bytes, SKEncodedImageFormat format) =>
        format switch
        {
            // Pillow pretends that an end marker follows; the decoder then fills the missing blocks with grey.
            SKEncodedImageFormat.Jpeg => [.. bytes, 0xFF, 0xD9],
            SKEncodedImageFormat.Png => TruncatedPng.Complete(bytes),
            SKEncodedImageFormat.Bmp => CompleteBmp(bytes),
            _ => null,
        };

    /// <summary>Rows that are not whole are zeros; only where rows are stored as they are.</summary>
    private static byte[]? CompleteBmp(ReadOnlySpan<byte> bytes)
    {
        const int FileHeader = 14,
            FullHeader = 40,
            BitFields = 3;
        if (bytes.Length < FileHeader + FullHeader)
            return null;
        var header = bytes[FileHeader..];
        var compression = BinaryPrimitives.ReadInt32LittleEndian(header[16..]);
        if (BinaryPrimitives.ReadInt32LittleEndian(header) < FullHeader || compression is not (0 or BitFields))
            return null;
        long start = BinaryPrimitives.ReadUInt32LittleEndian(bytes[10..]),
            width = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        long height = Math.Abs((long)BinaryPrimitives.ReadInt32LittleEndian(header[8..])),
            bits = BinaryPrimitives.ReadUInt16LittleEndian(header[14..]);
        var stride = (width * bits + 31) / 32 * 4;
        var length = start + stride * height;
        if (stride <= 0 || start > bytes.Length || length > Array.MaxLength)
            return null;
        var (rows, rest) = Math.DivRem(bytes.Length - start, stride);
        // The bytes that fill a row up need not be there.
        var kept = start + rows * stride + (rest >= (width * bits + 7) / 8 ? rest : 0);
        var whole = new byte[length];
        bytes[..(int)kept].CopyTo(whole);
        return whole;
    }
}
