using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Rge.Files;

namespace Rge.Evaluation.Mmeb;

/// <summary>Writes arrays in NumPy's .npy format, version 1.0.</summary>
internal static class NpyFile
{
    private const int Alignment = 64,
        PrefixBytes = 10;

    /// <summary>Writes an array of one axis, or of rows of equal length.</summary>
    public static void Write<T>(string path, ReadOnlySpan<T> values, int? rows = null)
        where T : unmanaged
    {
        var kind =
            typeof(T) == typeof(float) ? "f"
            : typeof(T) == typeof(long) ? "i"
            : throw new NotSupportedException($"{typeof(T)} has no type here.");
        var shape = rows is { } count ? $"({count}, {(count == 0 ? 0 : values.Length / count)})" : $"({values.Length},)";
        var header = string.Create(
            CultureInfo.InvariantCulture,
            $"{{'descr': '<{kind}{Marshal.SizeOf<T>()}', 'fortran_order': False, 'shape': {shape}, }}"
        );
        // Data begins at a multiple of 64 bytes, and the header ends in a newline.
        header = header.PadRight((PrefixBytes + header.Length + Alignment) / Alignment * Alignment - PrefixBytes - 1) + "\n";
        var bytes = MemoryMarshal.AsBytes(values).ToArray();
        AtomicFile.Write(path, stream =>
        {
            stream.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8)]);
            stream.Write(Encoding.ASCII.GetBytes(header));
            stream.Write(bytes);
        });
    }
}
