using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>target[rows[i]] += source[i], row by row; the loop runs over columns, so that no two threads add to the same place.</summary>
internal readonly unsafe struct ScatterAddBody : IRangeBody
{
    /// <summary>A thread's share of columns: enough to fill cache lines.</summary>
    public const int Columns = 64;

    public required float* Source { get; init; }
    public required long* Rows { get; init; }
    public required float* Target { get; init; }
    public required int Count { get; init; }
    public required int Width { get; init; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int begin, int end)
    {
        for (long row = 0; row < Count; row++)
        {
            float* source = Source + row * Width,
                target = Target + Rows[row] * Width;
            var i = begin;
            for (; i + Vector<float>.Count <= end; i += Vector<float>.Count)
                (Vector.Load(target + i) + Vector.Load(source + i)).Store(target + i);
            for (; i < end; i++)
                target[i] += source[i];
        }
    }
}
