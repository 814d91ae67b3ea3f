using Rge.Models.Layers;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Layers;

public sealed class LowRankWeightsTests
{
    private static readonly float[] W = [1, 0, 2, 0, 3, 1];

    [Fact]
    public void Lora_adds_the_scaled_product()
    {
        using var scope = NewDisposeScope();
        using var weights = new LowRankWeights(tensor(new float[] { 1, 2, 3 }, [1, 3]), tensor(new float[] { 1, -1 }, [2, 1]), scale: 2);
        var weight = tensor(W, [2, 3]);
        Assert.Equal([3f, 4, 8, -2, -1, -5], weights.Merge(weight).data<float>().ToArray());
        Assert.Equal(W, weight.data<float>().ToArray());
        Assert.Equal(1, weights.Rank);
    }

    [Fact]
    public void Dora_gives_each_row_its_magnitude()
    {
        using var scope = NewDisposeScope();
        using var weights = new LowRankWeights(
            tensor(new float[] { 1, 2, 3 }, [1, 3]),
            tensor(new float[] { 1, -1 }, [2, 1]),
            scale: 2,
            tensor(new float[] { 5, -2 })
        );
        var weight = tensor(W, [2, 3]);
        double first = Math.Sqrt(9 + 16 + 64),
            second = Math.Sqrt(4 + 1 + 25);
        Assert.Equal([first, second], weights.RowNorm(weight).data<float>().Select(v => (double)v), Close);
        double[] expected = [3 * 5 / first, 4 * 5 / first, 8 * 5 / first, 4 / second, 2 / second, 10 / second];
        Assert.Equal(expected, weights.Merge(weight).data<float>().Select(v => (double)v), Close);
    }

    [Fact]
    public void A_merged_weight_does_what_the_adapter_does_beside_it()
    {
        using var scope = NewDisposeScope();
        Tensor weight = randn(7, 5),
            x = randn(3, 5),
            magnitude = rand(7);
        using var weights = new LowRankWeights(randn(2, 5), randn(7, 2), scale: 0.7, magnitude);
        var beside = magnitude / weights.RowNorm(weight) * (x.mm(weight.t()) + (x.mm(weights.A.t()).mm(weights.B.t()) * 0.7));
        Assert.True((x.mm(weights.Merge(weight).t()) - beside).abs().max().item<float>() < 1e-4);
    }

    [Fact]
    public void Other_number_types_are_merged_in_float32()
    {
        using var scope = NewDisposeScope();
        Tensor weight = randn(7, 5).to(ScalarType.BFloat16),
            a = randn(2, 5),
            b = randn(7, 2);
        using var weights = new LowRankWeights(a, b, scale: 0.7);
        var expected = (weight.to(ScalarType.Float32) + (b.mm(a) * 0.7)).to(ScalarType.BFloat16);
        var merged = weights.Merge(weight);
        Assert.Equal(ScalarType.BFloat16, merged.dtype);
        Assert.Equal(expected.bytes.ToArray(), merged.bytes.ToArray());
    }

    [Fact]
    public void Shapes_that_do_not_go_together_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => new LowRankWeights(ones(2, 3), ones(5, 3), 1));
        Assert.Throws<ArgumentException>(() => new LowRankWeights(ones(2, 3), ones(5, 2), 1, ones(3)));
        Assert.Throws<ArgumentException>(() => new LowRankWeights(ones(2), ones(5, 2), 1));
        using var weights = new LowRankWeights(ones(2, 3), ones(5, 2), 1);
        Assert.Throws<ArgumentException>(() => weights.Merge(ones(3, 5)));
        Assert.Throws<ArgumentException>(() => weights.RowNorm(ones(5)));
    }

    [Fact]
    public void Only_the_result_stays()
    {
        using var scope = NewDisposeScope();
        using var weights = new LowRankWeights(ones(2, 3), ones(5, 2), 1, ones(5));
        var weight = ones(5, 3);
        using var inner = NewDisposeScope();
        weights.Merge(weight);
        weights.RowNorm(weight);
        Assert.Equal(2, inner.DisposablesCount);
    }

    private static bool Close(double x, double y) => Math.Abs(x - y) < 1e-5;
}
