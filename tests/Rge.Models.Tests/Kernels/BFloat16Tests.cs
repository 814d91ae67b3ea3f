using System.Numerics;
using CsCheck;
using Rge.Models.Kernels;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Kernels;

public sealed class BFloat16Tests
{
    [Fact]
    public void Rounding_is_that_of_torch_for_any_bits() =>
        Gen
            .UInt.Array[2 * Vector<float>.Count]
            .Sample(bits =>
            {
                // Infinities, subnormal numbers and NaN come up too; the last as one number, torch's own.
                float[] values = [.. bits.Select(BitConverter.UInt32BitsToSingle)];
                using var wide = tensor(values);
                using var rounded = wide.to(ScalarType.BFloat16);
                using var expected = rounded.to(ScalarType.Float32);
                float[] reference = [.. expected.data<float>()];
                Assert.Equal(reference, Vectorised(values, shuffled: false));
                Assert.Equal(reference, Vectorised(values, shuffled: true));
                Assert.Equal(reference, Singly(values));
            });

    [Fact]
    public void A_tie_goes_to_the_even_neighbour()
    {
        Assert.Equal([1f, 1.015625f], Singly([1.00390625f, 1.01171875f]));
    }

    private static unsafe float[] Vectorised(float[] values, bool shuffled)
    {
        var narrow = stackalloc BFloat16[values.Length];
        var result = new float[values.Length];
        fixed (
            float* source = values,
                target = result
        )
        {
            Vector<float> first = Vector.Load(source),
                second = Vector.Load(source + Vector<float>.Count);
            if (shuffled)
                BFloat16.StoreShuffled(narrow, first, second);
            else
                BFloat16.Store(narrow, first, second);
            if (shuffled)
                BFloat16.LoadShuffled(narrow, out first, out second);
            else
                BFloat16.Load(narrow, out first, out second);
            first.Store(target);
            second.Store(target + Vector<float>.Count);
        }
        return result;
    }

    private static unsafe float[] Singly(float[] values)
    {
        var result = new float[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            BFloat16 element;
            BFloat16.Store(&element, values[i]);
            result[i] = BFloat16.Load(&element);
        }
        return result;
    }
}
