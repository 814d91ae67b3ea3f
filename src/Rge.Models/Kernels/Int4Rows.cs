using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>
/// Rows of weights of 4 bits in groups of 32 with a scale each: w = (q − 8) · scale. Of each 64 weights the first 32 are the low halves of 32
/// bytes, the others their high halves. What the 8 takes away is in the offsets of the inputs.
/// </summary>
/// <param name="values"><c>[out, width / 2]</c></param>
/// <param name="scales"><c>[out, width / 32]</c></param>
/// <param name="width">Elements of a row, a multiple of 64.</param>
internal readonly unsafe struct Int4Rows(byte* values, BFloat16* scales, int width) : IPackedRows
{
    public int RowBytes => width / 2;

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Multiply<TRegisters, TRows>(int begin, int count, QuantizedInput input, float* sums)
        where TRegisters : unmanaged, IDotRegisters<TRegisters>
        where TRows : IRowCount
    {
        QuantizedInput input1 = input.From(1),
            input2 = input.From(2),
            input3 = input.From(3);
        var groups = width / PackedRows.Group;
        var scale = stackalloc float[groups];
        for (var o = 0; o < count; o++)
        {
            var row = values + (long)(begin + o) * (width / 2);
            Widen(scales + (long)(begin + o) * groups, scale, groups);
            TRegisters a0 = default,
                a1 = default,
                a2 = default,
                a3 = default;
            for (var i = 0; i < width; i += PackedRows.Multiple)
            {
                var weights = TRegisters.Unpack(row + i / 2);
                var pair = scale + i / PackedRows.Group;
                a0 = Add(a0, weights, input, i, pair);
                if (TRows.Value > 1)
                    a1 = Add(a1, weights, input1, i, pair);
                if (TRows.Value > 2)
                    a2 = Add(a2, weights, input2, i, pair);
                if (TRows.Value > 3)
                    a3 = Add(a3, weights, input3, i, pair);
            }
            sums[o] = TRegisters.TotalFloat32(a0);
            if (TRows.Value > 1)
                sums[count + o] = TRegisters.TotalFloat32(a1);
            if (TRows.Value > 2)
                sums[2 * count + o] = TRegisters.TotalFloat32(a2);
            if (TRows.Value > 3)
                sums[3 * count + o] = TRegisters.TotalFloat32(a3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TRegisters Add<TRegisters>(TRegisters sums, TRegisters weights, QuantizedInput input, int i, float* scales)
        where TRegisters : unmanaged, IDotRegisters<TRegisters> =>
        TRegisters.AddScaled(sums, TRegisters.Products(weights, input.Values(0) + i, input.Offsets(0) + i / 4), scales);

    private static void Widen(BFloat16* source, float* target, int count)
    {
        for (var i = 0; i < count; i++)
            target[i] = BFloat16.Load(source + i);
    }
}
