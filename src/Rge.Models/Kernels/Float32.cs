using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Rge.Models.Kernels;

/// <summary>An element of a float32 tensor.</summary>
[StructLayout(LayoutKind.Sequential, Size = sizeof(float))]
internal readonly unsafe struct Float32 : IElement<Float32>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(Float32* source, out Vector<float> low, out Vector<float> high)
    {
        low = Vector.Load((float*)source);
        high = Vector.Load((float*)source + Vector<float>.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Float32* target, Vector<float> low, Vector<float> high)
    {
        low.Store((float*)target);
        high.Store((float*)target + Vector<float>.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadShuffled(Float32* source, out Vector<float> first, out Vector<float> second) =>
        Load(source, out first, out second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreShuffled(Float32* target, Vector<float> first, Vector<float> second) => Store(target, first, second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(Float32* source) => *(float*)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Float32* target, float value) => *(float*)target = value;
}
