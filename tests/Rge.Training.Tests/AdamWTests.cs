using Rge.Training.Optimization;
using static TorchSharp.torch;

namespace Rge.Training.Tests;

public sealed class AdamWTests
{
    [Fact]
    public void Steps_follow_the_definition()
    {
        using var scope = NewDisposeScope();
        var parameter = tensor(new[] { 1f, -2f, 3f }).requires_grad_(true);
        using var optimizer = new AdamW([new TrainedParameter("p", parameter, 0.5, 0.1)], 0.9, 0.98, 1e-8);
        double[] value = [1, -2, 3],
            mean = [0, 0, 0],
            square = [0, 0, 0];
        for (var step = 1; step <= 5; step++)
        {
            float[] gradient = [0.3f * step, -1, 0.01f];
            parameter.grad = tensor(gradient);
            optimizer.Step(0.02);
            for (var i = 0; i < 3; i++)
            {
                mean[i] = 0.9 * mean[i] + 0.1 * gradient[i];
                square[i] = 0.98 * square[i] + 0.02 * gradient[i] * gradient[i];
                value[i] -= 0.01 * 0.1 * value[i];
                value[i] -= 0.01 * (mean[i] / (1 - Math.Pow(0.9, step))) / (Math.Sqrt(square[i] / (1 - Math.Pow(0.98, step))) + 1e-8);
            }
        }
        Assert.Equal(value, parameter.data<float>().Select(x => (double)x), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Null(parameter.grad);
    }

    [Fact]
    public void Steps_too_small_for_bfloat16_add_up_in_the_master_copy()
    {
        using var scope = NewDisposeScope();
        var parameter = ones(2, ScalarType.BFloat16).requires_grad_(true);
        using var optimizer = new AdamW([new TrainedParameter("p", parameter, 1, 0)], 0.9, 0.98, 1e-8);
        for (var step = 0; step < 100; step++)
        {
            parameter.grad = ones(2, ScalarType.BFloat16);
            optimizer.Step(1e-3);
        }
        Assert.Equal(0.9f, parameter.to(ScalarType.Float32)[0].item<float>(), 0.005f);
    }

    [Fact]
    public void A_parameter_without_gradient_stays()
    {
        using var scope = NewDisposeScope();
        var parameter = ones(2).requires_grad_(true);
        using var optimizer = new AdamW([new TrainedParameter("p", parameter, 1, 0.5)], 0.9, 0.98, 1e-8);
        optimizer.Step(0.1);
        Assert.Equal(1, parameter[0].item<float>());
    }

    [Fact]
    public void Gradients_are_scaled_down_to_the_limit_and_no_further()
    {
        using var scope = NewDisposeScope();
        Tensor one = zeros(2).requires_grad_(true),
            other = zeros(1).requires_grad_(true),
            none = zeros(1).requires_grad_(true);
        (one.grad, other.grad) = (tensor(new[] { 3f, 0f }), tensor(new[] { 4f }));
        Assert.Equal(5, GradientNorm.Clip([one, other, none], 10), 1e-5);
        Assert.Equal(3, one.grad![0].item<float>(), 1e-5f);
        Assert.Equal(5, GradientNorm.Clip([one, other, none], 1), 1e-5);
        Assert.Equal(0.6, one.grad![0].item<float>(), 1e-5);
        Assert.Equal(0.8, other.grad![0].item<float>(), 1e-5);
    }
}
