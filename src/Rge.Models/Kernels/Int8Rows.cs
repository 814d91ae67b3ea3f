using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>Rows of int8 weights with a scale each.</summary>
/// <param name="values"><c>[out, width]</c></param>
/// <param name="scales"><c>[out]</c></param>
/// <param name="width">Elements of a row, a multiple of 64.</param>
internal readonly unsafe struct Int8Rows(sbyte* values, float* scales, int width) : IPackedRows
{
    public int RowBytes => width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Multiply<TRegisters, TRows>(int begin, int count, QuantizedInput input, float* sums)
        where TRegisters : unmanaged, IDotRegisters<TRegisters>
        where TRows : IRowCount
    {
        sbyte* x0 = input.Values(0),
            x1 = input.Values(1),
            x2 = input.Values(2),
            x3 = input.Values(3);
        for (var o = 0; o < count; o++)
        {
            var row = values + (long)(begin + o) * width;
            TRegisters a0 = default,
                a1 = default,
                a2 = default,
                a3 = default;
            for (var i = 0; i < width; i += PackedRows.Multiple)
            {
                var weights = TRegisters.Load(row + i);
                a0 = TRegisters.AddProducts(a0, weights, x0 + i);
                if (TRows.Value > 1)
                    a1 = TRegisters.AddProducts(a1, weights, x1 + i);
                if (TRows.Value > 2)
                    a2 = TRegisters.AddProducts(a2, weights, x2 + i);
                if (TRows.Value > 3)
                    a3 = TRegisters.AddProducts(a3, weights, x3 + i);
            }
            var scale = scales[begin + o];
            sums[o] = TRegisters.TotalInt32(a0) * scale;
            if (TRows.Value > 1)
                sums[count + o] = TRegisters.TotalInt32(a1) * scale;
            if (TRows.Value > 2)
                sums[2 * count + o] = TRegisters.TotalInt32(a2) * scale;
            if (TRows.Value > 3)
                sums[3 * count + o] = TRegisters.TotalInt32(a3) * scale;
        }
    }
}
