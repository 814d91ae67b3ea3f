using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Rge.Models.Kernels;

/// <summary>Sums of four neighbouring products of bytes, in vectors of 256 bits.</summary>
internal interface IByteProducts
{
    /// <summary>Whether this processor has the instructions.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>sums[i] + Σ a[4i + j] · b[4i + j]; two neighbouring products must not exceed 16 bits.</summary>
    static abstract Vector256<int> Add(Vector256<int> sums, Vector256<byte> a, Vector256<sbyte> b);

    /// <summary>In two steps, over 16 bits.</summary>
    internal readonly struct InTwoSteps : IByteProducts
    {
        public static bool IsSupported => Avx2.IsSupported;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<int> Add(Vector256<int> sums, Vector256<byte> a, Vector256<sbyte> b) =>
            sums + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(a, b), Vector256<short>.One);
    }

    /// <summary>In one step, by the instructions for neural networks.</summary>
    internal readonly struct InOneStep : IByteProducts
    {
        public static bool IsSupported => AvxVnni.IsSupported;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<int> Add(Vector256<int> sums, Vector256<byte> a, Vector256<sbyte> b) =>
            AvxVnni.MultiplyWideningAndAdd(sums, a, b);
    }
}
