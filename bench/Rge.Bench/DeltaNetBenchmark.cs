using Rge.Models.Configuration;
using Rge.Models.Layers;
using static TorchSharp.torch;

namespace Rge.Bench;

/// <summary>
/// A gated delta net of the shape that Qwen3.5-4B has, beside its projections alone: what is between them should cost little.
/// </summary>
internal static class DeltaNetBenchmark
{
    private const int Hidden = 2560;

    private static readonly DeltaNetConfig Net = new()
    {
        Layers = [0],
        NumKeyHeads = 16,
        KeyHeadDim = 128,
        NumValueHeads = 32,
        ValueHeadDim = 128,
        ConvKernelDim = 4,
    };

    private static readonly TextConfig Text = new()
    {
        HiddenSize = Hidden,
        IntermediateSize = 1,
        NumHiddenLayers = 1,
        NumAttentionHeads = 1,
        NumKeyValueHeads = 1,
        HeadDim = 2,
        VocabSize = 1,
        MaxPositionEmbeddings = 1,
        RmsNormEps = 1e-6,
        RopeTheta = 1,
        MropeSection = [1, 0, 0],
        MropeInterleaved = true,
        QkvBias = false,
        OutputBias = false,
        QkNorm = true,
        TieWordEmbeddings = true,
        DeltaNet = Net,
    };

    public static void Run(int rounds)
    {
        Console.WriteLine($"{"dtype", -9} {"pass", -16} {"projections ms", 15} {"layer ms", 9} {"ratio", 6}");
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            using var scope = NewDisposeScope();
            var recorder = new LayoutRecorder();
            _ = new GatedDeltaNet(Text, recorder, "net.");
            var parameters = recorder.Shapes.ToDictionary(
                p => p.Key,
                p => randn(p.Value).mul_(0.02).to(recorder.Float32Names.Contains(p.Key) ? ScalarType.Float32 : dtype),
                StringComparer.Ordinal
            );
            var factory = new ParameterSource(parameters);
            var layer = new GatedDeltaNet(Text, factory, "net.");
            foreach (var length in new[] { 32, 320 })
                Report(dtype, $"prompt of {length}", layer, factory, [new TokenRun(0, length)], state: null, rounds);
            foreach (var rows in new[] { 1, 8, 32 })
            {
                using var state = layer.CreateState(rows + 1, 1, dtype, CPU);
                TokenRun[] runs = [.. Enumerable.Range(0, rows).Select(row => new TokenRun(row, 1, Slot: row, Past: 1))];
                Report(dtype, $"step of {rows}", layer, factory, runs, state, rounds);
                // One slot is free: the others are not the first ones in order.
                Report(
                    dtype,
                    $"step of {rows}, moved",
                    layer,
                    factory,
                    [.. runs.Select(run => run with { Slot = run.Slot + 1 })],
                    state,
                    rounds
                );
            }
        }
    }

    private static void Report(
        ScalarType dtype,
        string pass,
        GatedDeltaNet layer,
        ParameterSource factory,
        TokenRun[] runs,
        ILayerState? state,
        int rounds
    )
    {
        using var scope = NewDisposeScope();
        var count = runs.Sum(run => run.Length);
        Tensor x = randn(count, Hidden).to(dtype),
            y = randn(count, Net.ValueWidth).to(dtype);
        // All layers of a model share one.
        var tokens = new TokenPass(runs, null!, state is null ? null : [state]);
        var medians = Interleaved.Medians([new("projections", Projections), new("layer", Layer)], rounds);
        Console.WriteLine($"{dtype, -9} {pass, -16} {medians[0] / 1e3, 15:F2} {medians[1] / 1e3, 9:F2} {medians[1] / medians[0], 6:F2}");

        void Projections()
        {
            using var step = NewDisposeScope();
            foreach (var linear in factory.Linears.Values)
                linear.Forward(linear.Weight.Inputs == Hidden ? x : y);
        }

        void Layer()
        {
            using var step = NewDisposeScope();
            layer.Forward(x, default, tokens, state, null);
        }
    }
}
