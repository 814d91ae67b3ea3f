using Rge.Models.Configuration;
using Rge.Models.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Layers;

public sealed class QuantizedWeightTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Generator _generator = new(5);

    public void Dispose()
    {
        _scope.Dispose();
        _generator.Dispose();
    }

    [Theory]
    [InlineData(WeightFormat.Int8, 0.013)]
    [InlineData(WeightFormat.Int4, 0.012)]
    public void Products_are_those_of_the_weight_as_numbers_but_for_rounded_inputs(WeightFormat format, double close)
    {
        Tensor x = Random(6, 100),
            bias = Random(30);
        var weight = Rounded(Random(30, 100), format);
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16 })
        {
            var y = weight.Multiply(x.to(type), bias.to(type));
            Assert.Equal(type, y.dtype);
            Assert.InRange(Distance(nn.functional.linear(x, weight.ToDense(), bias), y), 0, close);
        }
    }

    [Theory]
    [InlineData(WeightFormat.Int8, 0.01)]
    [InlineData(WeightFormat.Int4, 0.1)]
    public void As_numbers_it_is_near_to_what_was_rounded(WeightFormat format, double close)
    {
        var dense = Random(30, 100);
        var weight = Rounded(dense, format);
        Assert.Equal(dense.shape, weight.ToDense().shape);
        Assert.InRange(Distance(dense, weight.ToDense()), 0.001, close);
        Assert.InRange(Distance((dense * dense).sum(1).sqrt(), weight.RowNorms()), 0, close);
        Assert.Equal((30, 100, false), (weight.Outputs, weight.Inputs, weight.IsTrained));
    }

    [Theory]
    [InlineData(WeightFormat.Int8)]
    [InlineData(WeightFormat.Int4)]
    public void A_low_rank_change_with_magnitudes_is_applied_beside_it(WeightFormat format)
    {
        var weight = Rounded(Random(30, 100), format);
        using var change = new LowRankWeights(Random(4, 100), Random(30, 4), scale: 0.5, rand(30));
        var linear = new Linear("layer", weight, Random(30));
        linear.Attach(change);
        var x = Random(5, 100);
        Assert.InRange(Distance(nn.functional.linear(x, change.Merge(weight.ToDense()), linear.Bias), linear.Forward(x)), 0, 0.02);
        linear.Detach();
    }

    [Theory]
    [InlineData(WeightFormat.Int8)]
    [InlineData(WeightFormat.Int4)]
    public void A_gradient_and_an_input_of_another_width_are_refused(WeightFormat format)
    {
        var weight = Rounded(Random(30, 100), format);
        Assert.Throws<InvalidOperationException>(() => weight.Multiply(Random(1, 100).requires_grad_(), bias: null));
        Assert.Throws<ArgumentException>(() => weight.Multiply(Random(1, 99), bias: null));
        using var gradients = no_grad();
        Assert.Equal([1, 30], weight.Multiply(Random(1, 100).requires_grad_(), bias: null).shape);
    }

    [Theory]
    [InlineData(WeightFormat.Int8)]
    [InlineData(WeightFormat.Int4)]
    public void Bits_and_scales_of_another_shape_are_refused_by_name(WeightFormat format)
    {
        var (values, scales, _, _) = QuantizedWeight.Round(Random(30, 100), format);
        Refused(values, scales, 100, 31, "layer.weight is");
        Refused(values, scales, 200, 30, "layer.weight is");
        Refused(values, scales.narrow(0, 0, 29), 100, 30, "layer.weight.scale is");
        Refused(values, scales.to(ScalarType.Float16), 100, 30, "layer.weight.scale is");
        Refused(values.to(ScalarType.Float32), scales, 100, 30, "layer.weight is");

        static void Refused(Tensor values, Tensor scales, long inputs, long outputs, string problem)
        {
            var error = Assert.Throws<ArgumentException>(() =>
                QuantizedWeight.Create("layer.weight", new(values, scales), inputs, outputs)
            );
            Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        foreach (var format in new[] { WeightFormat.Int8, WeightFormat.Int4 })
        {
            var weight = Rounded(Random(30, 100), format);
            Tensor x = Random(2, 100),
                bias = Random(30);
            var statistics = DisposeScopeManager.Statistics.TensorStatistics;
            var before = statistics.ThreadTotalLiveCount;
            Tensor y = weight.Multiply(x, bias),
                dense = weight.ToDense();
            Assert.Equal(before + 2, statistics.ThreadTotalLiveCount);
            y.Dispose();
            dense.Dispose();
            Assert.Equal(before, statistics.ThreadTotalLiveCount);
        }
    }

    private static QuantizedWeight Rounded(Tensor dense, WeightFormat format)
    {
        return QuantizedWeight.Create("layer.weight", QuantizedWeight.Round(dense, format), dense.size(1), dense.size(0));
    }

    /// <summary>Relative to the length of what is expected.</summary>
    private static double Distance(Tensor expected, Tensor actual) =>
        ((actual.to(ScalarType.Float32) - expected).norm() / expected.norm()).item<float>();

    private Tensor Random(params long[] shape) => randn(shape, generator: _generator);
}
