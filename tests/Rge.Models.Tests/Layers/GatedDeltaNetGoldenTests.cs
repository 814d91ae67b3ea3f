using Rge.Models.Checkpoints;
using Rge.Models.Layers;
using Rge.Tests.Shared;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Layers;

/// <summary>One gated delta net alone, against the reference: a prompt, and steps on the state that it leaves.</summary>
public sealed class GatedDeltaNetGoldenTests
{
    private const string File = "delta_layer.safetensors";
    private const double Tolerance = 5e-5;

    public static TheoryData<string> Families =>
        [.. Golden.Families().Where(family => Path.Exists(Path.Combine(Golden.PathOf(family), File))).DefaultIfEmpty("next/qwen3_5")];

    [Theory, MemberData(nameof(Families))]
    public void Outputs_and_states_are_those_of_the_reference(string family)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var expected = SafetensorsFile.Open(Golden.Require(family, File));
        var config = QwenVlConfig.Load(Golden.Require(family, "model"));
        var layer = Layer(config, Golden.Require(family, "model"));
        foreach (var name in (string[])["long", "short"])
        {
            using var state = (DeltaNetState)layer.CreateState(slots: 3, capacity: 1, ScalarType.Float32, CPU);
            var past = Check(name, past: 0);
            for (var step = 0; step < 3; step++)
                past = Check($"{name}.step{step}", past);

            int Check(string prefix, int past)
            {
                var input = expected.Read(prefix + ".input");
                var run = new TokenRun(0, (int)input.shape[0], Slot: 1, Past: past);
                var output = layer.Forward(input, default, new TokenPass([run], null!, [state]), state, outputTokens: null);
                Compare(prefix + ".output", output);
                Compare(prefix + ".recurrent_state", state.Memory[1]);
                // The reference holds a column more than its convolution reads.
                var columns = expected.Read(prefix + ".conv_state").t();
                AssertClose(columns.narrow(0, 1, columns.shape[0] - 1), state.Columns[1], prefix + ".conv_state");
                return past + run.Length;
            }
        }

        void Compare(string name, Tensor found) => AssertClose(expected.Read(name), found, name);
    }

    private static GatedDeltaNet Layer(QwenVlConfig config, string folder)
    {
        const string name = "model.language_model.layers.0.linear_attn.";
        using var checkpoint = Checkpoint.Open(folder);
        var parameters = checkpoint
            .Names.Where(parameter => parameter.StartsWith(name, StringComparison.Ordinal))
            .ToDictionary(parameter => parameter, parameter => checkpoint.Read(parameter), StringComparer.Ordinal);
        return new GatedDeltaNet(config.Text, new ParameterSource(parameters), name);
    }

    private static void AssertClose(Tensor expected, Tensor found, string name)
    {
        Assert.Equal(expected.shape, found.shape);
        Assert.True((expected - found).abs().max().item<float>() <= Tolerance, $"{name}: {(expected - found).abs().max().item<float>()}");
    }
}
