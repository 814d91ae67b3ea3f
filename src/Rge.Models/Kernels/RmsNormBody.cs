using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>x / √(mean(x²) + ε) · (offset + weight); the loop runs over the rows of x.</summary>
internal readonly unsafe struct RmsNormBody<TInput, TOutput> : IRangeBody
    where TInput : unmanaged, IElement<TInput>
    where TOutput : unmanaged, IElement<TOutput>
{
    public required TInput* Input { get; init; }
    public required TOutput* Weight { get; init; }
    public required TOutput* Output { get; init; }
    public required int Width { get; init; }
    public required float Epsilon { get; init; }
    public required float Offset { get; init; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int begin, int end)
    {
        var step = 2 * Vector<float>.Count;
        var offset = new Vector<float>(Offset);
        for (long row = begin; row < end; row++)
        {
            Vector<float> sumLow = default,
                sumHigh = default;
            for (var i = 0; i < Width; i += step)
            {
                TInput.Load(Input + row * Width + i, out var low, out var high);
                sumLow += low * low;
                sumHigh += high * high;
            }
            var scale = new Vector<float>(1 / MathF.Sqrt(Vector.Sum(sumLow + sumHigh) / Width + Epsilon));
            for (var i = 0; i < Width; i += step)
            {
                TInput.Load(Input + row * Width + i, out var low, out var high);
                TOutput.Load(Weight + i, out var weightLow, out var weightHigh);
                TOutput.Store(Output + row * Width + i, low * scale * (weightLow + offset), high * scale * (weightHigh + offset));
            }
        }
    }
}
