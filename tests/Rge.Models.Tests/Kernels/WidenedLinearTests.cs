using Rge.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Kernels;

/// <summary>Products of bfloat16 by way of float32.</summary>
[Collection(Alone.Name)]
public sealed class WidenedLinearTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public WidenedLinearTests() => WidenedLinear.Enabled = true;

    public void Dispose()
    {
        WidenedLinear.Enabled = WidenedLinear.IsFaster;
        _scope.Dispose();
    }

    // Widths of one part and of several, with a remainder.
    [Theory]
    [InlineData(0, 8, 16, true)]
    [InlineData(5, 8, 16, false)]
    [InlineData(33, 1000, 3000, true)]
    [InlineData(7, 700, 6000, false)]
    public void The_product_is_that_in_float32_rounded_once(int rows, int outputs, int inputs, bool hasBias)
    {
        using var generator = new Generator(7);
        var x = randn([rows, inputs], generator: generator).to(ScalarType.BFloat16);
        var weight = randn([outputs, inputs], generator: generator).to(ScalarType.BFloat16);
        var bias = hasBias ? randn([outputs], generator: generator).to(ScalarType.BFloat16) : null;
        Assert.True(WidenedLinear.Supports(x, weight, bias));
        var y = WidenedLinear.Multiply(x, weight, bias);
        Assert.Equal(ScalarType.BFloat16, y.dtype);
        Assert.Equal([rows, outputs], y.shape);
        var expected = nn.functional.linear(x.@double(), weight.@double(), bias?.@double());
        // Half a unit of the last of eight bits, and what float32 loses over a sum.
        var allowed = expected.abs() * (1 / 256.0) + 1e-4 * Math.Sqrt(inputs);
        Assert.True(((y.@double() - expected).abs() <= allowed).all().item<bool>());
    }

    [Fact]
    public void What_is_trained_or_of_another_kind_is_left_to_torch()
    {
        var (x, weight) = (randn(9, 16).to(ScalarType.BFloat16), randn(8, 16).to(ScalarType.BFloat16));
        Assert.True(WidenedLinear.Supports(x, weight, null));
        Assert.False(WidenedLinear.Supports(x.to(ScalarType.Float32), weight, null));
        Assert.False(WidenedLinear.Supports(x, weight.to(ScalarType.Float32), null));
        Assert.False(WidenedLinear.Supports(x, weight[.., ..8], null));
        Assert.False(WidenedLinear.Supports(x, weight, randn(8)));
        var trained = weight.detach().clone().requires_grad_(true);
        Assert.False(WidenedLinear.Supports(x, trained, null));
        Assert.Throws<ArgumentException>(() => WidenedLinear.Multiply(x, trained, null));
        using (no_grad())
            Assert.True(WidenedLinear.Supports(x, trained, null));
        WidenedLinear.Enabled = false;
        Assert.False(WidenedLinear.Supports(x, weight, null));
    }
}
