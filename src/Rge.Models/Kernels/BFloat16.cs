using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Rge.Models.Kernels;

/// <summary>An element of a bfloat16 tensor: the upper half of a float32.</summary>
[StructLayout(LayoutKind.Sequential, Size = sizeof(ushort))]
internal readonly unsafe struct BFloat16 : IElement<BFloat16>
{
    private const ushort QuietNaN = 0x7fc0;

    /// <summary>The even ones and the odd ones apart: one shift and one mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadShuffled(BFloat16* source, out Vector<float> first, out Vector<float> second)
    {
        var pairs = Vector.Load((uint*)source);
        first = Vector.AsVectorSingle(pairs << 16);
        second = Vector.AsVectorSingle(pairs & new Vector<uint>(0xffff0000));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreShuffled(BFloat16* target, Vector<float> first, Vector<float> second) =>
        (Round(first) | Round(second) << 16).Store((uint*)target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(BFloat16* source, out Vector<float> low, out Vector<float> high)
    {
        Vector.Widen(Vector.Load((ushort*)source), out var lower, out var upper);
        low = Vector.AsVectorSingle(lower << 16);
        high = Vector.AsVectorSingle(upper << 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(BFloat16* target, Vector<float> low, Vector<float> high) =>
        Vector.Narrow(Round(low), Round(high)).Store((ushort*)target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(BFloat16* source) => BitConverter.UInt32BitsToSingle((uint)*(ushort*)source << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(BFloat16* target, float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        *(ushort*)target = float.IsNaN(value) ? QuietNaN : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Round(Vector<float> value)
    {
        var bits = Vector.AsVectorUInt32(value);
        var rounded = (bits + new Vector<uint>(0x7fff) + ((bits >> 16) & Vector<uint>.One)) >> 16;
        // Rounding up the payload of a NaN could turn it into a zero.
        return Vector.ConditionalSelect(Vector.AsVectorUInt32(Vector.Equals(value, value)), rounded, new Vector<uint>(QuietNaN));
    }
}
