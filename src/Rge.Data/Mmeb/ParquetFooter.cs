using System.Buffers.Binary;

namespace Rge.Data.Mmeb;

/// <summary>
/// Checks that the footer of a Parquet file is a structure of Thrift's compact protocol from its first byte to its last. The library trusts
/// the counts that it finds there: a list that claims two thousand million values keeps it busy without end.
/// </summary>
internal sealed class ParquetFooter
{
    private const int MaxDepth = 32,
        MaxFooterBytes = 256 << 20,
        TailBytes = 8;
    private const int True = 1,
        False = 2,
        Byte = 3,
        Int16 = 4,
        Int64 = 6,
        Double = 7,
        Binary = 8,
        List = 9,
        Set = 10,
        Map = 11,
        Struct = 12,
        Uuid = 13;

    private readonly byte[] _bytes;
    private int _at;

    private ParquetFooter(byte[] bytes) => _bytes = bytes;

    /// <summary>Checks a file.</summary>
    /// <param name="file">The file; its position is moved.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="InvalidDataException">The footer is damaged. The message says how, to follow the name of the file.</exception>
    public static async Task CheckAsync(Stream file, CancellationToken cancellationToken)
    {
        var tail = new byte[TailBytes];
        if (file.Length < 2 * TailBytes - 4)
            throw new InvalidDataException($"it has {file.Length} bytes, too few for a Parquet file");
        file.Position = file.Length - TailBytes;
        await file.ReadExactlyAsync(tail, cancellationToken);
        if (!tail.AsSpan(4).SequenceEqual("PAR1"u8))
            throw new InvalidDataException("it does not end like a Parquet file; it may be incomplete");
        var length = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (length < 1 || length > MaxFooterBytes || length > file.Length - TailBytes - 4)
            throw new InvalidDataException($"its footer claims {length} bytes, which the file does not have");
        var bytes = new byte[length];
        file.Position = file.Length - TailBytes - length;
        await file.ReadExactlyAsync(bytes, cancellationToken);
        new ParquetFooter(bytes).SkipStruct(0);
    }

    private void SkipStruct(int depth)
    {
        if (depth > MaxDepth)
            throw Damaged();
        while (Next() is var header && header != 0)
        {
            // The upper half is the distance to the field before; without one, the field's number follows.
            if (header >> 4 == 0)
                Number();
            var type = header & 15;
            // A field that is true or false has its value in its type; an element of a list has a byte of its own.
            if (type is not (True or False))
                Skip(type, depth);
        }
    }

    private void Skip(int type, int depth)
    {
        switch (type)
        {
            case True or False or Byte:
                Advance(1);
                break;
            case >= Int16 and <= Int64:
                Number();
                break;
            case Double:
                Advance(8);
                break;
            case Uuid:
                Advance(16);
                break;
            case Binary:
                Advance(Number());
                break;
            case List or Set:
                var header = Next();
                SkipAll(header >> 4 == 15 ? Number() : (ulong)header >> 4, depth, header & 15);
                break;
            case Map:
                if (Number() is var pairs && pairs > 0)
                {
                    var types = Next();
                    SkipAll(pairs, depth, types >> 4, types & 15);
                }
                break;
            case Struct:
                SkipStruct(depth + 1);
                break;
            default:
                throw Damaged();
        }
    }

    private void SkipAll(ulong count, int depth, params ReadOnlySpan<int> types)
    {
        if (depth > MaxDepth || count > (ulong)(_bytes.Length - _at))
            throw Damaged();
        for (var i = 0UL; i < count; i++)
            foreach (var type in types)
                Skip(type, depth + 1);
    }

    private ulong Number()
    {
        var value = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var part = Next();
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }
        throw Damaged();
    }

    private byte Next() => _at < _bytes.Length ? _bytes[_at++] : throw Damaged();

    private void Advance(ulong count)
    {
        if (count > (ulong)(_bytes.Length - _at))
            throw Damaged();
        _at += (int)count;
    }

    private InvalidDataException Damaged() => new($"its footer is damaged near byte {_at} of {_bytes.Length}");
}
