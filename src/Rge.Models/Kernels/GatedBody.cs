using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>y = silu(G x) · (U x) for a few rows; the loop runs over the rows of G and U.</summary>
internal readonly unsafe struct GatedBody : IRangeBody
{
    public required BFloat16* Gate { get; init; }
    public required BFloat16* Up { get; init; }
    public required BFloat16* Input { get; init; }
    public required BFloat16* Output { get; init; }
    public required int Rows { get; init; }
    public required int InputWidth { get; init; }
    public required int OutputWidth { get; init; }

    [SkipLocalsInit]
    public void Run(int begin, int end)
    {
        int count = end - begin,
            lanes = Vector<float>.Count;
        // One vector longer than needed: the activation works on whole vectors.
        float* gates = stackalloc float[Rows * count + lanes],
            ups = stackalloc float[Rows * count + lanes];
        DotKernel.Multiply(Gate + (long)begin * InputWidth, count, Input, Rows, InputWidth, gates);
        DotKernel.Multiply(Up + (long)begin * InputWidth, count, Input, Rows, InputWidth, ups);
        for (var i = 0; i < Rows * count; i += lanes)
            (SiluProductBody<BFloat16>.Silu(Vector.Load(gates + i)) * Vector.Load(ups + i)).Store(gates + i);
        for (var r = 0; r < Rows; r++)
        {
            var output = Output + (long)r * OutputWidth + begin;
            for (var o = 0; o < count; o++)
                BFloat16.Store(output + o, gates[r * count + o]);
        }
    }
}
