using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>y = W x + b over a quantised W; the loop runs over the rows of W. An output does not depend on the other rows of x.</summary>
internal readonly unsafe struct QuantizedLinearBody<TWeight, TRegisters, T> : IRangeBody
    where TWeight : unmanaged, IPackedRows
    where TRegisters : unmanaged, IDotRegisters<TRegisters>
    where T : unmanaged, IElement<T>
{
    private const int MaxRows = 4;

    public required TWeight Weight { get; init; }
    public required QuantizedInput Input { get; init; }
    public required float* InputScales { get; init; }
    public required float* Bias { get; init; }
    public required T* Output { get; init; }
    public required int Rows { get; init; }
    public required int OutputWidth { get; init; }

    [SkipLocalsInit]
    public void Run(int begin, int end)
    {
        var count = end - begin;
        var sums = stackalloc float[MaxRows * count];
        for (var first = 0; first < Rows; first += MaxRows)
        {
            var rows = Math.Min(MaxRows, Rows - first);
            Multiply(begin, count, Input.From(first), rows, sums);
            for (var r = 0; r < rows; r++)
            {
                var scale = InputScales[first + r];
                var output = Output + (long)(first + r) * OutputWidth + begin;
                for (var o = 0; o < count; o++)
                    T.Store(output + o, sums[r * count + o] * scale + (Bias is null ? 0 : Bias[begin + o]));
            }
        }
    }

    private void Multiply(int begin, int count, QuantizedInput input, int rows, float* sums)
    {
        switch (rows)
        {
            case 1:
                Weight.Multiply<TRegisters, IRowCount.One>(begin, count, input, sums);
                break;
            case 2:
                Weight.Multiply<TRegisters, IRowCount.Two>(begin, count, input, sums);
                break;
            case 3:
                Weight.Multiply<TRegisters, IRowCount.Three>(begin, count, input, sums);
                break;
            default:
                Weight.Multiply<TRegisters, IRowCount.Four>(begin, count, input, sums);
                break;
        }
    }
}
