using Rge.Models.Kernels;
using Rge.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Kernels;

/// <summary>Kernels over quantised weights against the same sums in double precision, and each instruction set against the others.</summary>
[Collection(Alone.Name)]
public sealed unsafe class QuantizedKernelsTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Generator _generator = new(11);
    private readonly InstructionSet _best = CpuKernels.QuantizedInstructions;

    public static TheoryData<int, int, int> Shapes =>
        new()
        {
            { 1, 1, 1 },
            { 1, 77, 64 },
            { 2, 3, 31 },
            { 3, 65, 129 },
            { 4, 130, 3420 },
            { 5, 33, 100 },
            { 9, 7, 1000 },
            { 33, 301, 192 },
        };

    public void Dispose()
    {
        CpuKernels.QuantizedInstructions = _best;
        _scope.Dispose();
        _generator.Dispose();
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Every_instruction_set_gives_the_sums_of_double_precision(int rows, int outputs, int inputs)
    {
        Tensor x = Random(rows, inputs),
            bias = Random(outputs);
        foreach (var (values, scales) in Weights(Random(outputs, inputs)))
        {
            var expected = Expected(x, values, scales, inputs, bias);
            foreach (var instructions in Available())
            {
                CpuKernels.QuantizedInstructions = instructions;
                var y = Numbers(CpuKernels.QuantizedLinear(x, values, scales, inputs, bias));
                var largest = expected.Max(Math.Abs);
                for (var i = 0; i < y.Length; i++)
                    Assert.True(
                        Math.Abs(y[i] - expected[i]) <= 1e-5 * largest,
                        $"{instructions} {values.dtype} at {i}: {y[i]}, expected {expected[i]}"
                    );
            }
        }
    }

    [Theory, MemberData(nameof(Shapes))]
    public void All_instruction_sets_give_the_same_bits(int rows, int outputs, int inputs)
    {
        Tensor x = Random(rows, inputs),
            bias = Random(outputs);
        foreach (var (values, scales) in Weights(Random(outputs, inputs)))
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            CpuKernels.QuantizedInstructions = InstructionSet.Portable;
            var expected = CpuKernels.QuantizedLinear(x.to(type), values, scales, inputs, bias);
            foreach (var instructions in Available())
            {
                CpuKernels.QuantizedInstructions = instructions;
                AssertSame(expected, CpuKernels.QuantizedLinear(x.to(type), values, scales, inputs, bias));
            }
        }
    }

    [Fact]
    public void A_row_gets_the_same_bits_alone_and_with_others_and_on_any_number_of_threads()
    {
        var x = Random(23, 200);
        var threads = get_num_threads();
        foreach (var (values, scales) in Weights(Random(900, 200)))
        {
            var together = CpuKernels.QuantizedLinear(x, values, scales, 200, bias: null);
            for (var row = 0; row < 23; row++)
                AssertSame(together[row], CpuKernels.QuantizedLinear(x[row], values, scales, 200, bias: null));
            set_num_threads(1);
            AssertSame(together, CpuKernels.QuantizedLinear(x, values, scales, 200, bias: null));
            set_num_threads(threads);
        }
    }

    [Fact]
    public void Extremes_do_not_overflow()
    {
        const int inputs = PackedRows.MaxWidth;
        var x = ones(1, inputs);
        var int8 = full([3, inputs], -128, ScalarType.Int8);
        var int4 = full([3, inputs / 2], 0xf0, ScalarType.Byte);
        foreach (var instructions in Available())
        {
            CpuKernels.QuantizedInstructions = instructions;
            var y = CpuKernels.QuantizedLinear(x, int8, ones(3), inputs, bias: null);
            Assert.Equal(-128.0 * inputs, Numbers(y)[2], 128.0 * inputs * 1e-6);
            var z = CpuKernels.QuantizedLinear(x, int4, ones([3, inputs / 32], ScalarType.BFloat16), inputs, bias: null);
            Assert.Equal(-0.5 * inputs, Numbers(z)[2], inputs * 1e-6);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_row_with_a_number_that_is_not_finite_gives_NaN_and_spares_the_others(float number)
    {
        var x = Random(3, 40);
        x[1, 7] = tensor(number);
        foreach (var (values, scales) in Weights(Random(5, 40)))
        {
            var y = Numbers(CpuKernels.QuantizedLinear(x, values, scales, 40, bias: null));
            Assert.Equal(Enumerable.Range(0, 15).Select(i => i / 5 == 1), y.Select(double.IsNaN));
        }
        var (_, rowScales) = CpuKernels.RoundToInt8(x);
        Assert.Equal([false, true, false], Numbers(rowScales).Select(double.IsNaN));
        var (_, groupScales) = CpuKernels.RoundToInt4(x);
        Assert.Equal([false, false, true, false, false, false], Numbers(groupScales).Select(double.IsNaN));
    }

    [Fact]
    public void Rows_of_zeros_and_of_numbers_too_small_give_zeros()
    {
        foreach (var (values, scales) in Weights(cat([zeros(2, 70), Random(1, 70)], 0)))
        {
            var y = Numbers(CpuKernels.QuantizedLinear(cat([Random(1, 70), full([1, 70], 1e-40f)], 0), values, scales, 70, bias: null));
            Assert.Equal([true, true, false, true, true, true], y.Select(value => value == 0));
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Rounding_is_to_the_nearest_step_and_of_the_measured_error(ScalarType type)
    {
        var weight = Random(64, 1000).to(type);
        var numbers = Numbers(weight);
        foreach (var ((values, scales), expectedError) in Weights(weight).Zip([0.0082, 0.082]))
        {
            var back = Dense(values, scales, 1000);
            double error = 0,
                total = 0;
            for (var i = 0; i < numbers.Length; i++)
            {
                var difference = numbers[i] - back[i / 1000][i % 1000];
                var step = Step(scales, i / 1000, i % 1000);
                // At 4 bits a few numbers lie beyond the ends, by two steps at most.
                var isEnd = values.dtype == ScalarType.Byte && Math.Round(back[i / 1000][i % 1000] / step) is -8 or 7;
                Assert.InRange(Math.Abs(difference / step), 0, isEnd ? 2.05 : 0.501);
                error += difference * difference;
                total += numbers[i] * numbers[i];
            }
            Assert.InRange(Math.Sqrt(error / total), expectedError * 0.8, expectedError * 1.1);
        }
    }

    [Fact]
    public void Rounding_gives_the_same_bytes_on_any_number_of_threads()
    {
        var weight = Random(300, 500);
        var threads = get_num_threads();
        var expected = Weights(weight);
        set_num_threads(1);
        foreach (var (before, after) in expected.Zip(Weights(weight)))
        {
            AssertSame(before.Values, after.Values);
            AssertSame(before.Scales, after.Scales);
        }
        set_num_threads(threads);
    }

    [Fact]
    public void Tensors_that_do_not_go_together_are_refused()
    {
        var (values, scales) = CpuKernels.RoundToInt8(Random(5, 40));
        Refused(Random(2, 41), values, scales, 40, null);
        Refused(Random(2, 80).narrow(1, 0, 40), values, scales, 40, null);
        Refused(Random(2, 100), values, scales, 100, null);
        Refused(Random(2, 40), values.to(ScalarType.Int16), scales, 40, null);
        Refused(Random(2, 40), values, scales.narrow(0, 0, 4), 40, null);
        Refused(Random(2, 40), values, scales.to(ScalarType.BFloat16), 40, null);
        Refused(Random(2, 40), values, scales, 40, Random(4));
        Refused(Random(2, 40).to(ScalarType.Float64), values, scales, 40, null);

        static void Refused(Tensor x, Tensor values, Tensor scales, long inputs, Tensor? bias) =>
            Assert.Throws<ArgumentException>(() => CpuKernels.QuantizedLinear(x, values, scales, inputs, bias));
    }

    private static IEnumerable<InstructionSet> Available() => Enum.GetValues<InstructionSet>().Where(CpuKernels.Has);

    private static (Tensor Values, Tensor Scales)[] Weights(Tensor weight) =>
        [CpuKernels.RoundToInt8(weight), CpuKernels.RoundToInt4(weight)];

    /// <summary>W x + b of inputs rounded to 8 bits as documented, in double precision.</summary>
    private static double[] Expected(Tensor x, Tensor values, Tensor scales, int inputs, Tensor bias)
    {
        double[] numbers = Numbers(x),
            shift = Numbers(bias);
        var weight = Dense(values, scales, inputs);
        var y = new double[numbers.Length / inputs * weight.Length];
        for (var row = 0; row < numbers.Length / inputs; row++)
        {
            var source = numbers.AsSpan(row * inputs, inputs).ToArray();
            var largest = (float)source.Max(Math.Abs);
            var rounded = source.Select(value => (double)MathF.Round((float)value * (127 / largest)) * (largest / 127)).ToArray();
            for (var o = 0; o < weight.Length; o++)
                y[row * weight.Length + o] = rounded.Zip(weight[o], (a, b) => a * b).Sum() + shift[o];
        }
        return y;
    }

    /// <summary>Quantised weights as numbers, read by the description of the format.</summary>
    private static double[][] Dense(Tensor values, Tensor scales, int inputs)
    {
        var bytes = new ReadOnlySpan<byte>(TensorPointer.Of(values), (int)values.NumberOfElements).ToArray();
        int outputs = (int)values.size(0),
            rowBytes = bytes.Length / outputs;
        return
        [
            .. Enumerable
                .Range(0, outputs)
                .Select(o => Enumerable.Range(0, inputs).Select(i => Quantum(o, i) * Step(scales, o, i)).ToArray()),
        ];

        int Quantum(int o, int i)
        {
            if (values.dtype == ScalarType.Int8)
                return (sbyte)bytes[o * rowBytes + i];
            var both = bytes[o * rowBytes + i / 64 * 32 + i % 32];
            return (i % 64 < 32 ? both & 15 : both >> 4) - 8;
        }
    }

    private static double Step(Tensor scales, int o, int i) =>
        scales.dim() == 1
            ? ((float*)TensorPointer.Of(scales))[o]
            : BitConverter.UInt32BitsToSingle((uint)((ushort*)TensorPointer.Of(scales))[(o * scales.size(1)) + (i / 32)] << 16);

    private static double[] Numbers(Tensor tensor) => tensor.to(ScalarType.Float64).contiguous().data<double>().ToArray();

    private static void AssertSame(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.Equal(Bytes(expected), Bytes(actual));

        static byte[] Bytes(Tensor tensor) => tensor.contiguous().bytes.ToArray();
    }

    private Tensor Random(params long[] shape) => randn(shape, generator: _generator);
}
