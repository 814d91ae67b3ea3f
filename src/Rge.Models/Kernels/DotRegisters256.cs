using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Rge.Models.Kernels;

/// <summary>Two registers of 256 bits.</summary>
internal readonly unsafe struct DotRegisters256<TProducts>(Vector256<byte> low, Vector256<byte> high)
    : IDotRegisters<DotRegisters256<TProducts>>
    where TProducts : IByteProducts
{
    private readonly Vector256<byte> _low = low,
        _high = high;

    public static bool IsSupported => TProducts.IsSupported && Avx2.IsSupported && Fma.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters256<TProducts> Load(void* source) => new(Vector256.Load((byte*)source), Vector256.Load((byte*)source + 32));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters256<TProducts> Unpack(byte* source)
    {
        var packed = Vector256.Load(source);
        var mask = Vector256.Create((byte)0x0f);
        return new(packed & mask, (packed.AsUInt16() >>> 4).AsByte() & mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters256<TProducts> AddProducts(
        DotRegisters256<TProducts> sums,
        DotRegisters256<TProducts> weights,
        sbyte* input
    ) =>
        new(
            Signed(sums._low.AsInt32(), weights._low.AsSByte(), Vector256.Load(input)).AsByte(),
            Signed(sums._high.AsInt32(), weights._high.AsSByte(), Vector256.Load(input + 32)).AsByte()
        );

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters256<TProducts> Products(DotRegisters256<TProducts> weights, sbyte* input, int* offsets) =>
        new(
            TProducts.Add(Vector256.Load(offsets), weights._low, Vector256.Load(input)).AsByte(),
            TProducts.Add(Vector256.Load(offsets + 8), weights._high, Vector256.Load(input + 32)).AsByte()
        );

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters256<TProducts> AddScaled(
        DotRegisters256<TProducts> sums,
        DotRegisters256<TProducts> products,
        float* scales
    ) => new(Scaled(sums._low, products._low, scales[0]), Scaled(sums._high, products._high, scales[1]));

    public static int TotalInt32(DotRegisters256<TProducts> sums) => Vector256.Sum(sums._low.AsInt32() + sums._high.AsInt32());

    public static float TotalFloat32(DotRegisters256<TProducts> sums)
    {
        var eight = sums._low.AsSingle() + sums._high.AsSingle();
        return DotRegisters128.Total(eight.GetLower() + eight.GetUpper());
    }

    /// <summary>The sign goes from the weights to the inputs: a weight of −128 is a byte of 128, an input is never −128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Signed(Vector256<int> sums, Vector256<sbyte> weights, Vector256<sbyte> input) =>
        TProducts.Add(sums, Avx2.Abs(weights), Avx2.Sign(input, weights));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Scaled(Vector256<byte> sums, Vector256<byte> products, float scale) =>
        Fma.MultiplyAdd(Vector256.ConvertToSingle(products.AsInt32()), Vector256.Create(scale), sums.AsSingle()).AsByte();
}
