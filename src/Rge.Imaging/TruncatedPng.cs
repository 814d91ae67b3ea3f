using System.Buffers.Binary;
using System.IO.Compression;

namespace Rge.Imaging;

/// <summary>
/// Completes a PNG that ends early: complete rows keep their bytes, the others become zeros, before palette and interlacing, which is
/// what Pillow shows.
/// </summary>
internal static class TruncatedPng
{
    private const int Signature = 8,
        ChunkHead = 8,
        ChunkEnd = 4;

    /// <summary>First column and row, and the distance to the next, of the seven passes of an interlaced image.</summary>
    private static readonly (int X, int Y, int Right, int Down)[] Passes =
    [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ];

    /// <summary>A whole file, or null where the header is not whole or no pixel data has begun.</summary>
    public static byte[]? Complete(ReadOnlySpan<byte> png)
    {
        using var data = new MemoryStream();
        var (position, firstData) = (Signature, -1);
        var header = default(ReadOnlySpan<byte>);
        while (position + ChunkHead <= png.Length)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(png[position..]);
            var type = png.Slice(position + 4, 4);
            var body = png[(position + ChunkHead)..];
            var isWhole = length <= (uint)body.Length;
            if (isWhole)
                body = body[..(int)length];
            if (type.SequenceEqual("IDAT"u8))
            {
                if (firstData < 0)
                    firstData = position;
                data.Write(body);
            }
            else if (type.SequenceEqual("IHDR"u8))
            {
                header = body;
            }
            if (!isWhole)
                break;
            position += ChunkHead + (int)length + ChunkEnd;
        }
        if (header.Length != 13 || firstData < 0)
            return null;
        var rows = RowLengths(header);
        var total = rows.Sum(pass => pass.Count * (pass.Bytes + 1));
        if (total > Array.MaxLength)
            return null;
        var pixels = new byte[total];
        KeepWholeRows(pixels, Inflate(data, pixels), rows);

        using var whole = new MemoryStream();
        whole.Write(png[..firstData]);
        using var packed = new MemoryStream();
        using (var zip = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            zip.Write(pixels);
        WriteChunk(whole, "IDAT"u8, packed.GetBuffer().AsSpan(0, (int)packed.Length));
        WriteChunk(whole, "IEND"u8, []);
        return whole.ToArray();
    }

    /// <summary>How many rows the passes of the image have, and of how many bytes each without its filter.</summary>
    private static (long Count, long Bytes)[] RowLengths(ReadOnlySpan<byte> header)
    {
        long width = BinaryPrimitives.ReadUInt32BigEndian(header),
            height = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        var bits =
            header[8]
            * header[9] switch
            {
                2 => 3,
                4 => 2,
                6 => 4,
                _ => 1,
            };
        return header[12] == 0
            ? [(height, Bytes(width))]
            :
            [
                .. Passes
                    .Select(pass => (Rows: Places(height, pass.Y, pass.Down), Columns: Places(width, pass.X, pass.Right)))
                    .Where(pass => pass.Columns > 0)
                    .Select(pass => (pass.Rows, Bytes(pass.Columns))),
            ];

        long Bytes(long columns) => (columns * bits + 7) / 8;
        static long Places(long size, int first, int step) => size > first ? (size - first + step - 1) / step : 0;
    }

    /// <summary>Unpacks as far as the data goes.</summary>
    private static int Inflate(MemoryStream data, byte[] pixels)
    {
        data.Position = 0;
        var count = 0;
        try
        {
            using var zip = new ZLibStream(data, CompressionMode.Decompress, leaveOpen: true);
            // In small pieces: one that meets the end is lost.
            while (count < pixels.Length && zip.Read(pixels, count, Math.Min(pixels.Length - count, 4096)) is > 0 and var read)
                count += read;
        }
        catch (InvalidDataException)
        {
            // The data ends here.
        }
        return count;
    }

    /// <summary>Clears the incomplete row.</summary>
    private static void KeepWholeRows(byte[] pixels, int count, (long Count, long Bytes)[] rows)
    {
        long kept = 0;
        foreach (var pass in rows)
        {
            var whole = Math.Min(pass.Count, (count - kept) / (pass.Bytes + 1));
            kept += whole * (pass.Bytes + 1);
            if (whole < pass.Count)
                break;
        }
        pixels.AsSpan((int)kept).Clear();
    }

    private static void WriteChunk(MemoryStream to, ReadOnlySpan<byte> type, ReadOnlySpan<byte> body)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length);
        to.Write(number);
        to.Write(type);
        to.Write(body);
        byte[] signed = [.. type, .. body];
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Compute(signed));
        to.Write(number);
    }
}
