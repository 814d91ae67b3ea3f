using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>Turns each pair (x[i], x[i + headDim/2]) of every head by its angle, in place; the loop runs over tokens.</summary>
internal readonly unsafe struct RotaryBody<T> : IRangeBody where T : unmanaged, IElement<T>
{
    public required T* X { get; init; }
    public required float* Cos { get; init; }
    public required float* Sin { get; init; }
    public required int Heads { get; init; }
    public required int HeadDim { get; init; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int begin, int end)
    {
        int half = HeadDim / 2, step = 2 * Vector<float>.Count;
        for (long token = begin; token < end; token++)
        {
            float* cos = Cos + token * half, sin = Sin + token * half;
            for (var head = 0; head < Heads; head++)
            {
                T* first = X + (token * Heads + head) * HeadDim, second = first + half;
                var i = 0;
                for (; i + step <= half; i += step)
                {
                    T.Load(first + i, out var firstLow, out var firstHigh);
                    T.Load(second + i, out var secondLow, out var secondHigh);
                    Vector<float> cosLow = Vector.Load(cos + i), cosHigh = Vector.Load(cos + i + Vector<float>.Count);
                    Vector<float> sinLow = Vector.Load(sin + i), sinHigh = Vector.Load(sin + i + Vector<float>.Count);
                    T.Store(first + i, firstLow * cosLow - secondLow * sinLow, firstHigh * cosHigh - secondHigh * sinHigh);
                    T.Store(second + i, secondLow * cosLow + firstLow * sinLow, secondHigh * cosHigh + firstHigh * sinHigh);
                }
                for (; i < half; i++)
                {
                    float a = T.Load(first + i), b = T.Load(second + i), c = cos[i], s = sin[i];
                    T.Store(first + i, a * c - b * s);
                    T.Store(second + i, b * c + a * s);
                }
            }
        }
    }
}
