using System.Runtime.CompilerServices;

namespace Rge.Models.Kernels;

/// <summary>
/// Rounds rows to 4 bits in groups of 32 with a scale each, laid out as <see cref="Int4Rows"/> has them; the loop runs over rows. Of a few
/// scales at which the number of largest magnitude is near an end of −8 … 7, each group takes the one with the smallest squared error. A
/// group with a number that is not finite gets the scale NaN.
/// </summary>
internal readonly unsafe struct Int4QuantizationBody<T> : IRangeBody
    where T : unmanaged, IElement<T>
{
    public required T* Input { get; init; }
    public required byte* Values { get; init; }
    public required BFloat16* Scales { get; init; }
    public required int Inputs { get; init; }
    public required int Width { get; init; }

    [SkipLocalsInit]
    public void Run(int begin, int end)
    {
        var numbers = stackalloc float[PackedRows.Multiple];
        for (var row = begin; row < end; row++)
        for (var i = 0; i < Width; i += PackedRows.Multiple)
        {
            for (var k = 0; k < PackedRows.Multiple; k++)
                numbers[k] = i + k < Inputs ? T.Load(Input + (long)row * Inputs + i + k) : 0;
            float low = Scale(numbers),
                high = Scale(numbers + PackedRows.Group);
            var scales = Scales + ((long)row * Width + i) / PackedRows.Group;
            BFloat16.Store(scales, low);
            BFloat16.Store(scales + 1, high);
            var values = Values + ((long)row * Width + i) / 2;
            for (var k = 0; k < PackedRows.Group; k++)
                values[k] = (byte)((Round(numbers[k], low) + 8) | (Round(numbers[k + PackedRows.Group], high) + 8) << 4);
        }
    }

    private static float Scale(float* numbers)
    {
        var largest = 0f;
        for (var k = 0; k < PackedRows.Group; k++)
        {
            if (!float.IsFinite(numbers[k]))
                return float.NaN;
            if (MathF.Abs(numbers[k]) > MathF.Abs(largest))
                largest = numbers[k];
        }
        var best = 0f;
        var smallest = double.PositiveInfinity;
        foreach (var place in (ReadOnlySpan<float>)[-8, -7.5f, -7, -8.5f, -9, 7])
        {
            var scale = Rounded(largest / place);
            var error = Error(numbers, scale);
            if (error < smallest)
                (best, smallest) = (scale, error);
        }
        return best;
    }

    private static double Error(float* numbers, float scale)
    {
        var error = 0.0;
        for (var k = 0; k < PackedRows.Group; k++)
        {
            double difference = numbers[k] - Round(numbers[k], scale) * scale;
            error += difference * difference;
        }
        return error;
    }

    /// <summary>−8 to 7; zero where the scale is zero or NaN.</summary>
    private static int Round(float number, float scale) =>
        scale == 0 || float.IsNaN(scale) ? 0 : (int)Math.Clamp(MathF.Round(number / scale), -8, 7);

    /// <summary>A scale as it is stored, so that the weights are rounded for that one.</summary>
    private static float Rounded(float scale)
    {
        BFloat16 stored;
        BFloat16.Store(&stored, scale);
        return BFloat16.Load(&stored);
    }
}
