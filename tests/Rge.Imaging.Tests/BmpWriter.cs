using System.Buffers.Binary;

namespace Rge.Imaging.Tests;

/// <summary>Writes BMP of 24 bits a pixel.</summary>
internal static class BmpWriter
{
    private const int Offset = 14 + 40;

    public static byte[] Write(int width, int height, byte[] rgb)
    {
        var stride = (width * 3 + 3) & ~3;
        var file = new byte[Offset + stride * height];
        "BM"u8.CopyTo(file);
        int[] fields = [file.Length, 0, Offset, 40, width, height, 1 | 24 << 16];
        for (var i = 0; i < fields.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2 + 4 * i), fields[i]);
        for (var y = 0; y < height; y++)
        for (var x = 0; x < width; x++)
        for (var channel = 0; channel < 3; channel++)
            file[Offset + (height - 1 - y) * stride + x * 3 + 2 - channel] = rgb[(y * width + x) * 3 + channel];
        return file;
    }
}
