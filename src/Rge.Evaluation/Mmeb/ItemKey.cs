using System.Runtime.InteropServices;

namespace Rge.Evaluation.Mmeb;

/// <summary>What an embedding was computed from, as a SHA-256 digest: model, settings, instruction, text, images, rationale.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ItemKey
{
    private readonly UInt128 _high,
        _low;

    internal ItemKey(ReadOnlySpan<byte> digest) =>
        (_high, _low) = (MemoryMarshal.Read<UInt128>(digest), MemoryMarshal.Read<UInt128>(digest[16..]));

    internal byte[] ToBytes()
    {
        var bytes = new byte[32];
        MemoryMarshal.Write(bytes, _high);
        MemoryMarshal.Write(bytes.AsSpan(16), _low);
        return bytes;
    }
}
