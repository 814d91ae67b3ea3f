using Rge.Models.Kernels;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

/// <summary>The road that other devices and number types take.</summary>
[Collection(Alone.Name)]
public sealed class WithoutKernelsTests : IDisposable
{
    public void Dispose() => CpuKernels.Enabled = true;

    [Theory, MemberData(nameof(QwenVlModelTests.Families), MemberType = typeof(QwenVlModelTests))]
    public void Values_and_gradients_are_the_same(ModelFamily family)
    {
        using var scope = NewDisposeScope();
        using var model = ForwardCase.Trained(family);
        var sequences = ForwardCase.Sequences(model, new Random(2));
        var weights = sequences.Select(s => randn(s.TokenIds.Length, model.Config.Text.HiddenSize)).ToArray();
        int[] all = [.. Enumerable.Range(0, sequences.Length)];
        var hidden = ForwardCase.Run(model, sequences, weights, all).Hidden;
        var gradients = ForwardCase.TakeGradients(model);
        CpuKernels.Enabled = false;
        foreach (var activationCheckpointing in new[] { false, true })
        {
            var expected = ForwardCase.Run(model, sequences, weights, all, activationCheckpointing).Hidden;
            for (var i = 0; i < hidden.Length; i++)
                ForwardCase.AssertClose(expected[i], hidden[i], "sequence " + i);
            foreach (var (name, gradient) in ForwardCase.TakeGradients(model))
                ForwardCase.AssertClose(gradient, gradients[name], name);
        }
    }
}
