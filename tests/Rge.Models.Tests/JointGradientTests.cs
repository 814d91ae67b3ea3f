using Rge.Models.Checkpoints;
using Rge.Tests.Shared;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

/// <summary>The joint objective and its gradient by every parameter, against the reference.</summary>
public sealed class JointGradientTests
{
    public static TheoryData<string> Families => [.. Golden.Families()];

    [Theory]
    [MemberData(nameof(Families))]
    public void Losses_and_every_gradient_are_those_of_the_reference(string family)
    {
        using var scope = NewDisposeScope();
        using var expected = SafetensorsFile.Open(Golden.Require(family, "joint_gradients.safetensors"));
        using var model = QwenVlModel.Load(Golden.Require(family, "model"), new QwenVlModelOptions { Writable = true });
        foreach (var parameter in model.Parameters.Values)
            parameter.requires_grad_(true);
        using var joint = new JointLoss(family);
        var (lm, infoNce, tokens) = joint.Compute(model);
        Assert.Equal(joint.Expected["lm_tokens"]!.GetValue<int>(), tokens);
        Assert.Equal(joint.Expected["lm_loss"]!.GetValue<double>(), lm.item<float>(), 1e-4 * lm.item<float>());
        Assert.Equal(joint.Expected["info_nce"]!.GetValue<double>(), infoNce.item<float>(), 1e-4 * infoNce.item<float>());

        (lm + infoNce).backward();
        var stored = expected.Names.ToDictionary(WeightNames.Canonical, name => name, StringComparer.Ordinal);
        Assert.Equal(stored.Keys.Order(StringComparer.Ordinal), model.Parameters.Keys.Order(StringComparer.Ordinal));
        var wrong = new List<string>();
        foreach (var (name, parameter) in model.Parameters)
        {
            Tensor reference = expected.Read(stored[name]),
                gradient = parameter.grad ?? zeros_like(parameter);
            double off = (gradient - reference).norm().item<float>(),
                length = reference.norm().item<float>();
            if (off > 1e-3 * length + 1e-6)
                wrong.Add($"{name}: off by {off:g3} where the length is {length:g3}");
        }
        Assert.Empty(wrong);
    }
}
