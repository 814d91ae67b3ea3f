using System.Buffers.Binary;
using System.IO.Compression;

namespace Rge.Tests.Shared.Images;

/// <summary>Writes PNG of any colour type and depth from samples, plain or interlaced.</summary>
internal static class PngWriter
{
    private static readonly (int X, int Y, int StepX, int StepY)[] Passes =
    [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ];

    public static byte[] Write(PngImage image)
    {
        using var file = new MemoryStream();
        file.Write([0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n']);
        var header = new byte[13];
        var (width, height) = image.Claimed ?? (image.Width, image.Height);
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = ((byte)image.BitDepth, image.ColourType, (byte)(image.Interlaced ? 1 : 0));
        WriteChunk(file, "IHDR"u8, header);
        if (image.Palette is not null)
            WriteChunk(file, "PLTE"u8, image.Palette);
        if (image.Transparency is not null)
            WriteChunk(file, "tRNS"u8, image.Transparency);
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
            foreach (var (x, y, stepX, stepY) in image.Interlaced ? Passes : [(0, 0, 1, 1)])
                for (var row = y; row < image.Height && x < image.Width; row += stepY)
                    zlib.Write([0, .. PackRow(image, row, x, stepX)]);
        WriteChunk(file, "IDAT"u8, compressed.ToArray());
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static byte[] PackRow(PngImage image, int row, int first, int step)
    {
        var bits = new List<bool>();
        for (var x = first; x < image.Width; x += step)
        for (var sample = 0; sample < image.SamplesOfPixel; sample++)
        {
            var value = image.Samples[(row * image.Width + x) * image.SamplesOfPixel + sample];
            for (var bit = image.BitDepth - 1; bit >= 0; bit--)
                bits.Add((value >> bit & 1) != 0);
        }
        return [.. bits.Chunk(8).Select(b => (byte)b.Select((set, i) => set ? 0x80 >> i : 0).Sum())];
    }

    private static void WriteChunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(type);
        file.Write(data);
        var crc = uint.MaxValue;
        foreach (var value in (byte[])[.. type, .. data])
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        }
        BinaryPrimitives.WriteUInt32BigEndian(number, ~crc);
        file.Write(number);
    }
}
