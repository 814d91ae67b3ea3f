using System.Numerics;
using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>
/// Rounds rows to 8 bits, x ≈ value · scale, where the largest magnitude of a row becomes 127; the loop runs over rows. A row with a number
/// that is not finite gets zeros and the scale NaN; one whose numbers are all below about 1e-36, zeros and the scale zero.
/// </summary>
internal readonly unsafe struct RowQuantizationBody<T> : IRangeBody
    where T : unmanaged, IElement<T>
{
    private const int Largest = 127;
    private const int MagnitudeBits = 0x7fffffff;

    /// <summary><c>[rows, Inputs]</c></summary>
    public required T* Input { get; init; }

    /// <summary><c>[rows, Width]</c>; zeros at the end of each row.</summary>
    public required sbyte* Values { get; init; }

    /// <summary><c>[rows]</c></summary>
    public required float* Scales { get; init; }

    /// <summary>−8 times the sum of each four neighbours, <c>[rows, Width / 4]</c>; null where they are not wanted.</summary>
    public required int* Offsets { get; init; }

    public required int Inputs { get; init; }
    public required int Width { get; init; }

    public void Run(int begin, int end)
    {
        for (var row = begin; row < end; row++)
        {
            var source = Input + (long)row * Inputs;
            var values = Values + (long)row * Width;
            var largest = Magnitude(source);
            var factor = Largest / largest;
            if (float.IsFinite(largest) && float.IsFinite(factor))
            {
                Scales[row] = largest / Largest;
                Round(source, factor, values);
                new Span<sbyte>(values + Inputs, Width - Inputs).Clear();
            }
            else
            {
                Scales[row] = float.IsFinite(largest) ? 0 : float.NaN;
                new Span<sbyte>(values, Width).Clear();
            }
            if (Offsets is not null)
                AddFours(values, Offsets + (long)row * (Width / 4));
        }
    }

    /// <summary>The largest magnitude. Compared as bits, in which infinity is above all numbers and NaN above infinity.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Magnitude(T* source)
    {
        int step = 2 * Vector<float>.Count,
            i = 0,
            largest = 0;
        Vector<int> mask = new(MagnitudeBits),
            found = default;
        for (; i + step <= Inputs; i += step)
        {
            T.LoadShuffled(source + i, out var a, out var b);
            found = Vector.Max(found, Vector.Max(Vector.AsVectorInt32(a) & mask, Vector.AsVectorInt32(b) & mask));
        }
        for (var lane = 0; lane < Vector<int>.Count; lane++)
            largest = Math.Max(largest, found[lane]);
        for (; i < Inputs; i++)
            largest = Math.Max(largest, BitConverter.SingleToInt32Bits(T.Load(source + i)) & MagnitudeBits);
        return BitConverter.Int32BitsToSingle(largest);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Round(T* source, float factor, sbyte* values)
    {
        int step = 4 * Vector<float>.Count,
            i = 0;
        for (; i + step <= Inputs; i += step)
            Vector.Narrow(Words(source + i, factor), Words(source + i + step / 2, factor)).Store(values + i);
        for (; i < Inputs; i++)
            values[i] = (sbyte)MathF.Round(T.Load(source + i) * factor);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<short> Words(T* source, float factor)
    {
        T.Load(source, out var low, out var high);
        return Vector.Narrow(Vector.ConvertToInt32(Vector.Round(low * factor)), Vector.ConvertToInt32(Vector.Round(high * factor)));
    }

    private void AddFours(sbyte* values, int* offsets)
    {
        for (var i = 0; i < Width / 4; i++)
            offsets[i] = -8 * (values[4 * i] + values[4 * i + 1] + values[4 * i + 2] + values[4 * i + 3]);
    }
}
