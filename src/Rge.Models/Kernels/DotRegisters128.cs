using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Rge.Models.Kernels;

/// <summary>Four vectors of 128 bits, with what every processor has.</summary>
internal readonly unsafe struct DotRegisters128(Vector128<byte> a, Vector128<byte> b, Vector128<byte> c, Vector128<byte> d)
    : IDotRegisters<DotRegisters128>
{
    private readonly Vector128<byte> _a = a,
        _b = b,
        _c = c,
        _d = d;

    public static bool IsSupported => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters128 Load(void* source)
    {
        var bytes = (byte*)source;
        return new(Vector128.Load(bytes), Vector128.Load(bytes + 16), Vector128.Load(bytes + 32), Vector128.Load(bytes + 48));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters128 Unpack(byte* source)
    {
        Vector128<byte> first = Vector128.Load(source),
            second = Vector128.Load(source + 16),
            mask = Vector128.Create((byte)0x0f);
        return new(first & mask, second & mask, (first >>> 4) & mask, (second >>> 4) & mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters128 AddProducts(DotRegisters128 sums, DotRegisters128 weights, sbyte* input) =>
        new(
            (sums._a.AsInt32() + Fours(weights._a, input)).AsByte(),
            (sums._b.AsInt32() + Fours(weights._b, input + 16)).AsByte(),
            (sums._c.AsInt32() + Fours(weights._c, input + 32)).AsByte(),
            (sums._d.AsInt32() + Fours(weights._d, input + 48)).AsByte()
        );

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters128 Products(DotRegisters128 weights, sbyte* input, int* offsets) =>
        AddProducts(Load(offsets), weights, input);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotRegisters128 AddScaled(DotRegisters128 sums, DotRegisters128 products, float* scales) =>
        new(
            Scaled(sums._a, products._a, scales[0]),
            Scaled(sums._b, products._b, scales[0]),
            Scaled(sums._c, products._c, scales[1]),
            Scaled(sums._d, products._d, scales[1])
        );

    public static int TotalInt32(DotRegisters128 sums) =>
        Vector128.Sum(sums._a.AsInt32() + sums._b.AsInt32() + sums._c.AsInt32() + sums._d.AsInt32());

    public static float TotalFloat32(DotRegisters128 sums) =>
        Total(sums._a.AsSingle() + sums._c.AsSingle() + (sums._b.AsSingle() + sums._d.AsSingle()));

    /// <summary>The total of four: the first and third, the second and fourth, then both.</summary>
    public static float Total(Vector128<float> four) => four[0] + four[2] + (four[1] + four[3]);

    /// <summary>Sums of four neighbouring products of signed bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Fours(Vector128<byte> weights, sbyte* input)
    {
        var (w0, w1) = Vector128.Widen(weights.AsSByte());
        var (x0, x1) = Vector128.Widen(Vector128.Load(input));
        return Vector128.Narrow(AddPairs(AddPairs(w0 * x0)), AddPairs(AddPairs(w1 * x1)));
    }

    /// <summary>Sums of neighbours: the lower half of each pair with its sign, and the upper half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> AddPairs(Vector128<short> products)
    {
        var pairs = products.AsInt32();
        return (pairs << 16 >> 16) + (pairs >> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<long> AddPairs(Vector128<int> sums)
    {
        var pairs = sums.AsInt64();
        return (pairs << 32 >> 32) + (pairs >> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Scaled(Vector128<byte> sums, Vector128<byte> products, float scale) =>
        Vector128.FusedMultiplyAdd(Vector128.ConvertToSingle(products.AsInt32()), Vector128.Create(scale), sums.AsSingle()).AsByte();
}
