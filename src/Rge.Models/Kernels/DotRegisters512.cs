using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Rge.Models.Kernels;

/// <summary>One register of 512 bits.</summary>
internal readonly unsafe struct DotRegisters512(Vector512<byte> value) : IDotRegisters<DotRegisters512>
{
    private readonly Vector512<byte> _value = value;

    public static bool IsSupported => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters512 Load(void* source) => new(Vector512.Load((byte*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters512 Unpack(byte* source)
    {
        var packed = Vector256.Load(source);
        return new(Vector512.Create(packed, (packed.AsUInt16() >>> 4).AsByte()) & Vector512.Create((byte)0x0f));
    }

    /// <summary>The sign goes from the weights to the inputs: a weight of −128 is a byte of 128, an input is never −128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters512 AddProducts(DotRegisters512 sums, DotRegisters512 weights, sbyte* input)
    {
        Vector512<sbyte> signed = weights._value.AsSByte(),
            x = Vector512.Load(input);
        var turned = Vector512.ConditionalSelect(Vector512.LessThan(signed, Vector512<sbyte>.Zero), -x, x);
        return new(Add(sums._value.AsInt32(), Avx512BW.Abs(signed), turned));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters512 Products(DotRegisters512 weights, sbyte* input, int* offsets) =>
        new(Add(Vector512.Load(offsets), weights._value, Vector512.Load(input)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters512 AddScaled(DotRegisters512 sums, DotRegisters512 products, float* scales)
    {
        var scale = Vector512.Create(Vector256.Create(scales[0]), Vector256.Create(scales[1]));
        return new(
            Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(products._value.AsInt32()), scale, sums._value.AsSingle()).AsByte()
        );
    }

    public static int TotalInt32(DotRegisters512 sums) => Vector512.Sum(sums._value.AsInt32());

    public static float TotalFloat32(DotRegisters512 sums)
    {
        var sixteen = sums._value.AsSingle();
        var eight = sixteen.GetLower() + sixteen.GetUpper();
        return DotRegisters128.Total(eight.GetLower() + eight.GetUpper());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Add(Vector512<int> sums, Vector512<byte> a, Vector512<sbyte> b) =>
        (sums + Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(a, b), Vector512<short>.One)).AsByte();
}
