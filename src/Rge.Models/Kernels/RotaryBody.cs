using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>
/// Turns each pair (x[i], x[i + half]) of every head by its angle, or back by it, and copies what comes after them; the loop runs over
/// tokens.
/// </summary>
internal readonly unsafe struct RotaryBody<T> : IRangeBody
    where T : unmanaged, IElement<T>
{
    public required T* Input { get; init; }

    /// <summary>May be <see cref="Input"/>, where that has no gaps.</summary>
    public required T* Output { get; init; }

    /// <summary>Elements from a token of the input to the next; the output has no gaps.</summary>
    public required long InputStride { get; init; }

    /// <summary>1, or −1 to turn back.</summary>
    public required float Direction { get; init; }

    public required float* Cos { get; init; }
    public required float* Sin { get; init; }
    public required int Heads { get; init; }
    public required int HeadDim { get; init; }

    /// <summary>Angles of a token; at most half of <see cref="HeadDim"/>.</summary>
    public required int Half { get; init; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int begin, int end)
    {
        int half = Half,
            step = 2 * Vector<float>.Count;
        for (long token = begin; token < end; token++)
        {
            float* cos = Cos + token * half,
                sin = Sin + token * half;
            for (var head = 0; head < Heads; head++)
            {
                T* first = Input + token * InputStride + head * HeadDim,
                    second = first + half;
                T* firstOut = Output + (token * Heads + head) * HeadDim,
                    secondOut = firstOut + half;
                var i = 0;
                for (; i + step <= half; i += step)
                {
                    T.Load(first + i, out var firstLow, out var firstHigh);
                    T.Load(second + i, out var secondLow, out var secondHigh);
                    Vector<float> cosLow = Vector.Load(cos + i),
                        cosHigh = Vector.Load(cos + i + Vector<float>.Count);
                    Vector<float> sinLow = Vector.Load(sin + i) * Direction,
                        sinHigh = Vector.Load(sin + i + Vector<float>.Count) * Direction;
                    T.Store(firstOut + i, firstLow * cosLow - secondLow * sinLow, firstHigh * cosHigh - secondHigh * sinHigh);
                    T.Store(secondOut + i, secondLow * cosLow + firstLow * sinLow, secondHigh * cosHigh + firstHigh * sinHigh);
                }
                for (; i < half; i++)
                {
                    float a = T.Load(first + i),
                        b = T.Load(second + i),
                        c = cos[i],
                        s = sin[i] * Direction;
                    T.Store(firstOut + i, a * c - b * s);
                    T.Store(secondOut + i, b * c + a * s);
                }
                if (Output != Input)
                    new ReadOnlySpan<T>(first + 2 * half, HeadDim - 2 * half).CopyTo(new Span<T>(firstOut + 2 * half, HeadDim - 2 * half));
            }
        }
    }
}
