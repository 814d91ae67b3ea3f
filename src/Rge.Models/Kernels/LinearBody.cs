using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>y = W x + b for a few rows; the loop runs over the rows of W.</summary>
internal readonly unsafe struct LinearBody : IRangeBody
{
    public required BFloat16* Weight { get; init; }
    public required BFloat16* Bias { get; init; }
    public required BFloat16* Input { get; init; }
    public required BFloat16* Output { get; init; }
    public required int Rows { get; init; }
    public required int InputWidth { get; init; }
    public required int OutputWidth { get; init; }

    [SkipLocalsInit]
    public void Run(int begin, int end)
    {
        var count = end - begin;
        var sums = stackalloc float[Rows * count];
        DotKernel.Multiply(Weight + (long)begin * InputWidth, count, Input, Rows, InputWidth, sums);
        for (var r = 0; r < Rows; r++)
        {
            var output = Output + (long)r * OutputWidth + begin;
            for (var o = 0; o < count; o++)
                BFloat16.Store(output + o, sums[r * count + o] + (Bias is null ? 0 : BFloat16.Load(Bias + begin + o)));
        }
    }
}
