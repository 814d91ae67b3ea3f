using Rge.Models.Kernels;
using Rge.Models.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Kernels;

/// <summary>
/// Every kernel against torch's operators in float32, within the half unit in the last place that one rounding to bfloat16 costs.
/// </summary>
public sealed class CpuKernelsTests : IDisposable
{
    private const double HalfUnit = 1.0 / 256;

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Generator _generator = new(7);

    public void Dispose()
    {
        _scope.Dispose();
        _generator.Dispose();
    }

    [Theory]
    [InlineData(1, 1, 32)]
    [InlineData(1, 77, 160)]
    [InlineData(1, 300, 5504)]
    [InlineData(2, 64, 1024)]
    [InlineData(3, 65, 256)]
    [InlineData(4, 1, 64)]
    [InlineData(4, 301, 1024)]
    [InlineData(4, 33, 5504)]
    public void Linear_is_that_of_torch(int rows, int outputs, int inputs)
    {
        Tensor x = Random(rows, inputs),
            weight = Random(outputs, inputs),
            bias = Random(outputs);
        AssertRounded(nn.functional.linear(Wide(x), Wide(weight), Wide(bias)), CpuKernels.Linear(x, weight, bias));
        AssertRounded(nn.functional.linear(Wide(x), Wide(weight)), CpuKernels.Linear(x, weight, bias: null));
    }

    [Fact]
    public void Linear_keeps_leading_dimensions_and_reads_weights_at_any_address()
    {
        var weight = Random(40 * 64 + 1).narrow(0, 1, 40 * 64).view(40, 64);
        var x = Random(2, 1, 64);
        var y = CpuKernels.Linear(x, weight, bias: null);
        Assert.Equal([2L, 1, 40], y.shape);
        AssertRounded(nn.functional.linear(Wide(x), Wide(weight)), y);
    }

    [Theory]
    [InlineData(1, 5504, 1024)]
    [InlineData(3, 161, 64)]
    [InlineData(4, 7, 128)]
    public void Gated_linear_is_that_of_torch(int rows, int outputs, int inputs)
    {
        Tensor x = Random(rows, inputs),
            gate = Random(outputs, inputs) * 0.1,
            up = Random(outputs, inputs);
        var expected = nn.functional.silu(nn.functional.linear(Wide(x), Wide(gate))) * nn.functional.linear(Wide(x), Wide(up));
        AssertRounded(expected, CpuKernels.GatedLinear(x, gate, up));
    }

    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    public void Silu_product_is_that_of_torch(ScalarType type)
    {
        Tensor gate = (Random(33, 1024) * 10).to(type),
            up = Random(33, 1024).to(type);
        AssertRounded(nn.functional.silu(Wide(gate)) * Wide(up), CpuKernels.SiluProduct(gate, up));
    }

    [Fact]
    public void Linear_leaves_to_torch_what_is_faster_or_differentiated_there()
    {
        var weight = Random(16, 64);
        Assert.True(CpuKernels.SupportsLinear(Random(4, 64), weight));
        Assert.False(CpuKernels.SupportsLinear(Random(5, 64), weight));
        Assert.False(CpuKernels.SupportsLinear(Random(1, 64).to(ScalarType.Float32), weight));
        Assert.False(CpuKernels.SupportsLinear(Random(1, 128).slice(1, 0, 128, 2), weight));
        Assert.False(CpuKernels.SupportsLinear(Random(1, 64).requires_grad_(), weight));
        using var gradients = no_grad();
        Assert.True(CpuKernels.SupportsLinear(Random(1, 64).requires_grad_(), weight));
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, ScalarType.BFloat16, 300, 128)]
    [InlineData(ScalarType.Float32, ScalarType.BFloat16, 1, 1024)]
    [InlineData(ScalarType.Float32, ScalarType.Float32, 33, 1024)]
    public void Rms_norm_is_that_of_the_formula(ScalarType type, ScalarType weightType, int rows, int width)
    {
        Tensor x = Random(rows, width).to(type),
            weight = Random(width).to(weightType);
        var expected = Wide(x) * (Wide(x).square().mean([-1], keepdim: true) + 1e-6).rsqrt() * Wide(weight);
        AssertRounded(expected, CpuKernels.RmsNorm(x, weight, 1e-6));
    }

    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    public void An_offset_is_added_to_the_weight_without_rounding_it(ScalarType type)
    {
        // Near 1, bfloat16 has steps of 1/128: added there, such weights would be lost.
        Tensor x = Random(5, 128).to(ScalarType.Float32),
            weight = (Random(128) * 1e-3).to(type);
        var expected = Wide(x) * (Wide(x).square().mean([-1], keepdim: true) + 1e-6).rsqrt() * (Wide(weight) + 1);
        AssertRounded(expected, CpuKernels.RmsNorm(x, weight, 1e-6, offset: 1));
        // Where a gradient is wanted, torch's operators or another kernel do the same.
        AssertRounded(expected, new RmsNorm(weight.requires_grad_(true), 1e-6, offset: 1).Forward(x));
    }

    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    public void What_a_head_has_beyond_its_angles_stays(ScalarType type)
    {
        Tensor x = Random(7, 3, 64).to(type),
            angles = Random(7, 1, 8);
        Tensor cos = Wide(angles).cos(),
            sin = Wide(angles).sin();
        Tensor first = Wide(x).narrow(2, 0, 8),
            second = Wide(x).narrow(2, 8, 8);
        var expected = cat([first * cos - second * sin, second * cos + first * sin, Wide(x).narrow(2, 16, 48)], 2);
        CpuKernels.Rotate(x, cos, sin);
        AssertRounded(expected, x);
        Assert.Throws<ArgumentException>(() => CpuKernels.Rotate(Random(7, 3, 14), cos, sin));
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 1, 8, 128)]
    [InlineData(ScalarType.BFloat16, 40, 3, 80)]
    [InlineData(ScalarType.Float32, 40, 4, 16)]
    public void Rotation_is_that_of_the_formula(ScalarType type, int tokens, int heads, int width)
    {
        Tensor x = Random(tokens, heads, width).to(type),
            angles = Random(tokens, 1, width / 2);
        Tensor cos = Wide(angles).cos(),
            sin = Wide(angles).sin();
        Tensor first = Wide(x).narrow(2, 0, width / 2),
            second = Wide(x).narrow(2, width / 2, width / 2);
        var expected = cat([first * cos - second * sin, second * cos + first * sin], 2);
        CpuKernels.Rotate(x, cos, sin);
        AssertRounded(expected, x);
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 8, 2, 128)]
    [InlineData(ScalarType.BFloat16, 7, 1, 128)]
    [InlineData(ScalarType.Float32, 3, 3, 32)]
    [InlineData(ScalarType.Float32, 12, 2, 16)]
    public void Attention_over_written_slots_is_that_of_the_formula(ScalarType type, int heads, int keyHeads, int width)
    {
        int[] slots = [3, 0, 4, 1],
            lengths = [1, 128, 300, 131];
        // What lies beyond a sequence's length is no number: it must not be seen.
        Tensor keys = full([5, keyHeads, 300, width], double.NaN, type),
            values = full([5, keyHeads, 300, width], double.NaN, type);
        var query = Random(slots.Length, heads, width).to(type);
        var expected = new Tensor[slots.Length];
        for (var i = 0; i < slots.Length; i++)
        {
            Tensor k = Random(keyHeads, lengths[i], width).to(type),
                v = Random(keyHeads, lengths[i], width).to(type);
            keys[slots[i]].narrow(1, 0, lengths[i] - 1).copy_(k.narrow(1, 0, lengths[i] - 1));
            values[slots[i]].narrow(1, 0, lengths[i] - 1).copy_(v.narrow(1, 0, lengths[i] - 1));
            var (newKey, newValue) = (k.select(1, lengths[i] - 1).unsqueeze(0), v.select(1, lengths[i] - 1).unsqueeze(0));
            CpuKernels.WriteStep(newKey.contiguous(), newValue.contiguous(), keys, values, [slots[i]], [lengths[i]]);
            var scores = (Wide(query[i]).view(keyHeads, heads / keyHeads, width).bmm(Wide(k).transpose(1, 2)) / Math.Sqrt(width)).softmax(
                -1
            );
            expected[i] = scores.bmm(Wide(v)).view(heads * width);
        }
        AssertRounded(stack(expected, 0), CpuKernels.AttendStep(query, keys, values, slots, lengths));
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 8, 2, 128, true)]
    [InlineData(ScalarType.BFloat16, 12, 12, 80, false)]
    [InlineData(ScalarType.Float32, 3, 1, 32, true)]
    [InlineData(ScalarType.Float32, 4, 4, 16, false)]
    [InlineData(ScalarType.BFloat16, 2, 2, 72, false)]
    [InlineData(ScalarType.Float32, 4, 2, 12, true)]
    public void Attention_within_segments_is_that_of_torch(ScalarType type, int heads, int keyHeads, int width, bool isCausal)
    {
        // Queries, keys and values side by side, as one projection gives them: tokens have gaps.
        var all = Random(430, heads + 2 * keyHeads, width).to(type);
        Tensor q = all.narrow(1, 0, heads),
            k = all.narrow(1, heads, keyHeads),
            v = all.narrow(1, heads + keyHeads, keyHeads);
        AttentionSegment[] segments =
        [
            new(0, 1, 0, 1),
            new(1, 64, 1, 64),
            new(65, 300, 65, 300),
            new(365, 33, 365, 33),
            new(398, 32, 380, 50),
        ];
        AssertRounded(cat([.. segments.Select(Attended)], 0), CpuKernels.Attend(q, k, v, segments, isCausal));

        Tensor Attended(AttentionSegment s)
        {
            Tensor queries = Heads(q, s.Query, s.QueryCount),
                keys = Heads(k, s.Key, s.KeyCount),
                values = Heads(v, s.Key, s.KeyCount);
            var last = arange(s.KeyCount - s.QueryCount, s.KeyCount).unsqueeze(1);
            var mask = isCausal ? arange(s.KeyCount).unsqueeze(0) <= last : null;
            return nn
                .functional.scaled_dot_product_attention(queries, keys, values, mask)
                .squeeze(0)
                .transpose(0, 1)
                .reshape(s.QueryCount, -1);
        }

        Tensor Heads(Tensor x, int start, int count) =>
            Wide(x).narrow(0, start, count).transpose(0, 1).repeat_interleave(heads / x.shape[1], 0).unsqueeze(0);
    }

    [Fact]
    public void Attention_within_segments_sees_nothing_else_and_takes_large_scores()
    {
        Tensor q = ones(100, 2, 16) * 1000,
            k = ones(100, 1, 16) * 1000,
            v = Random(100, 1, 16).to(ScalarType.Float32);
        foreach (var tensor in new[] { k, v })
            tensor.narrow(0, 70, 30).fill_(double.NaN);
        var expected = v.narrow(0, 0, 70).cumsum(0) / arange(1, 71).view(70, 1, 1);
        var attended = CpuKernels.Attend(q, k, v, [new(0, 70, 0, 70), new(70, 30, 70, 30)], isCausal: true);
        AssertRounded(expected.expand(70, 2, 16).reshape(70, 32), attended.narrow(0, 0, 70));
    }

    [Fact]
    public void Segments_that_do_not_fit_are_refused_before_they_are_read()
    {
        Tensor x = Random(10, 2, 16),
            one = Random(10, 1, 16);
        Assert.Throws<ArgumentException>(() =>
            CpuKernels.Attend(x, Random(10, 3, 16), Random(10, 3, 16), [new(0, 10, 0, 10)], isCausal: true)
        );
        Assert.Throws<ArgumentException>(() => CpuKernels.Attend(x, one, Random(9, 1, 16), [new(0, 10, 0, 9)], isCausal: false));
        Assert.Throws<ArgumentException>(() => CpuKernels.Attend(x, one, one, [new(0, 9, 0, 10)], isCausal: true));
        Assert.Throws<ArgumentException>(() => CpuKernels.Attend(x, one, one, [new(0, 11, 0, 10)], isCausal: false));
        Assert.Throws<ArgumentException>(() => CpuKernels.Attend(x, one, one, [new(0, 10, 1, 10)], isCausal: false));
        Assert.Throws<ArgumentException>(() => CpuKernels.Attend(x, one, one, [new(0, 10, 0, 9)], isCausal: true));
        Assert.False(CpuKernels.SupportsAttend(Random(10, 2, 512), Random(10, 2, 512), Random(10, 2, 512)));
        Assert.False(CpuKernels.SupportsAttend(x, one.requires_grad_(), one));
    }

    [Fact]
    public void Attention_of_large_scores_does_not_overflow()
    {
        Tensor keys = ones(1, 1, 200, 16) * 1000,
            values = Random(1, 1, 200, 16).to(ScalarType.Float32),
            query = ones(1, 1, 16) * 1000;
        AssertRounded(values.mean([2]).view(1, 16), CpuKernels.AttendStep(query, keys, values, [0], [200]));
    }

    [Fact]
    public void Tensors_that_do_not_fit_are_refused_before_they_are_read()
    {
        Tensor cache = Random(2, 1, 10, 16),
            query = Random(1, 2, 16),
            key = Random(1, 1, 16);
        Assert.Throws<ArgumentException>(() => CpuKernels.Linear(Random(1, 64), Random(8, 32), bias: null));
        Assert.Throws<ArgumentException>(() => CpuKernels.Linear(Random(1, 64), Random(8, 64), Random(7)));
        Assert.Throws<ArgumentException>(() => CpuKernels.GatedLinear(Random(1, 64), Random(8, 64), Random(9, 64)));
        Assert.Throws<ArgumentException>(() => CpuKernels.SiluProduct(Random(2, 64), Random(1, 64)));
        Assert.Throws<ArgumentException>(() => CpuKernels.RmsNorm(Random(1, 64), Random(32), 1e-6));
        Assert.Throws<ArgumentException>(() => CpuKernels.Rotate(Random(2, 1, 16), Random(1, 8), Random(2, 8)));
        Assert.Throws<ArgumentException>(() => CpuKernels.WriteStep(key, Random(1, 2, 16), cache, cache, [0], [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => CpuKernels.WriteStep(key, key, cache, cache, [0], [11]));
        Assert.Throws<ArgumentOutOfRangeException>(() => CpuKernels.AttendStep(query, cache, cache, [2], [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => CpuKernels.AttendStep(query, cache, cache, [0], [0]));
        Assert.Throws<ArgumentException>(() => CpuKernels.AttendStep(query, cache, cache, [0, 1], [1, 1]));
    }

    private Tensor Random(params long[] shape) => randn(shape, generator: _generator).to(ScalarType.BFloat16);

    private static Tensor Wide(Tensor x) => x.to(ScalarType.Float32);

    /// <summary>Float32 sums differ by their order; bfloat16 adds one rounding.</summary>
    private static void AssertRounded(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        var relative = actual.dtype == ScalarType.BFloat16 ? HalfUnit : 1e-5;
        var scale = expected.square().mean().sqrt().item<float>();
        var excess = ((Wide(actual) - expected).abs() - expected.abs() * relative).max().item<float>();
        Assert.True(excess <= 2e-5 * scale, $"off by {excess} beyond {relative} of the value, where values are about {scale}");
    }
}
