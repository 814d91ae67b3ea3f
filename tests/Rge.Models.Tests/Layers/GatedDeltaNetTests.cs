using Rge.Models.Layers;
using Rge.Tests.Shared;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Layers;

/// <summary>
/// A gated delta net over packed runs, trees of runs and carried states, against its definition token by token in double precision.
/// </summary>
public sealed class GatedDeltaNetTests : IDisposable
{
    private const string Name = "net.";

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Generator _generator = new(5);
    private readonly QwenVlConfig _config = TinyModel.Config(ModelFamily.Qwen35);
    private readonly Dictionary<string, Tensor> _parameters;

    public GatedDeltaNetTests()
    {
        var layout = new LayoutRecorder();
        _ = new GatedDeltaNet(_config.Text, layout, Name);
        _parameters = layout.Shapes.ToDictionary(p => p.Key, p => Draw(p.Key, p.Value), StringComparer.Ordinal);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _generator.Dispose();
    }

    [Fact]
    public void Packed_runs_are_each_computed_alone() => CheckValuesAndGradients([(70, -1), (1, -1), (5, -1), (130, -1), (64, -1)]);

    [Fact]
    public void Runs_continue_their_parents() =>
        CheckValuesAndGradients([(66, -1), (3, 0), (80, 0), (2, 1), (1, 0), (4, -1), (1, 5), (65, 1), (1, 6), (1, 8), (9, 9)]);

    [Fact]
    public void Runs_of_single_tokens_are_a_chain() => CheckValuesAndGradients([(1, -1), (1, 0), (1, 1), (1, 0), (1, -1)]);

    [Fact]
    public void Long_runs_are_prepared_in_blocks()
    {
        using var frozen = no_grad();
        TokenRun[] runs = [new(0, 2500), new(2500, 40), new(2540, 3, Parent: 0), new(2543, 700, Parent: 1)];
        Assert.True(new RunChunks(runs).Blocks.Count > 1);
        var x = Draw("x", [3243, _config.Text.HiddenSize]);
        var found = Layer().Forward(x, default, new TokenPass(runs, null!), null, null);
        for (var r = 0; r < runs.Length; r++)
            AssertClose(Path(x, runs, r), Rows(found, runs[r]), $"run {r}");
    }

    [Fact]
    public void Sequences_join_leave_and_fork_between_prompts_and_steps()
    {
        using var frozen = no_grad();
        var layer = Layer();
        using var state = (DeltaNetState)layer.CreateState(4, 1, ScalarType.Float32, CPU);
        var held = new Dictionary<int, List<Tensor>>();

        Pass((2, 70), (0, 5));
        Pass((2, 3), (0, 66), (1, 2));
        Pass((2, 1), (0, 1), (1, 1));
        Pass((0, 1), (1, 1), (2, 1));
        Pass((1, 1), (2, 1));
        Pass((2, 1), (3, 1));
        Pass((2, 1), (3, 1));
        state.CopySlot(state, 2, 0, tokens: 0);
        held[0] = [.. held[2]];
        Pass((0, 1), (2, 1), (3, 4));
        Pass((3, 1), (0, 1), (2, 1));
        held.Remove(2);
        // Whatever a slot has held, a run without a past starts from nothing.
        Pass((2, 1), (3, 1));
        Pass((2, 9));

        void Pass(params (int Slot, int Length)[] parts)
        {
            var runs = new List<TokenRun>();
            var (start, x) = (0, Draw("x", [parts.Sum(part => part.Length), _config.Text.HiddenSize]));
            foreach (var (slot, length) in parts)
            {
                held.TryAdd(slot, []);
                runs.Add(new TokenRun(start, length, Slot: slot, Past: held[slot].Sum(rows => (int)rows.shape[0])));
                held[slot].Add(x.narrow(0, start, length));
                start += length;
            }
            var found = layer.Forward(x, default, new TokenPass(runs, null!, [state]), state, null);
            foreach (var run in runs)
            {
                var expected = Definition(cat([.. held[run.Slot]], 0));
                AssertClose(expected.narrow(0, run.Past, run.Length), Rows(found, run), $"slot {run.Slot} after {run.Past}");
            }
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Only_wanted_tokens_are_finished(bool isStep)
    {
        using var frozen = no_grad();
        var layer = Layer();
        using var state = layer.CreateState(3, 1, ScalarType.Float32, CPU);
        TokenRun[] runs = isStep
            ? [new(0, 1, Slot: 0, Past: 4), new(1, 1, Slot: 1, Past: 2), new(2, 1, Slot: 2, Past: 1)]
            : [new(0, 5, Slot: 0), new(5, 2, Slot: 2)];
        var x = Draw("x", [runs.Sum(run => run.Length), _config.Text.HiddenSize]);
        using var same = layer.CreateState(3, 1, ScalarType.Float32, CPU);
        var wanted = tensor(new long[] { 2, 0 });
        var all = layer.Forward(x, default, new TokenPass(runs, null!, [state]), state, null);
        var some = layer.Forward(x, default, new TokenPass(runs, null!, [same]), same, wanted);
        AssertClose(all.index_select(0, wanted), some, "wanted");
    }

    [Fact]
    public void The_state_stays_in_float32_and_has_the_same_size_for_any_capacity()
    {
        using var frozen = no_grad();
        foreach (var name in _parameters.Keys.Except([Name + "A_log", Name + "dt_bias"]).ToArray())
            _parameters[name] = _parameters[name].to(ScalarType.BFloat16);
        var layer = Layer();
        using DeltaNetState state = (DeltaNetState)layer.CreateState(2, 10, ScalarType.BFloat16, CPU),
            larger = (DeltaNetState)layer.CreateState(3, 1000, ScalarType.BFloat16, CPU);
        Assert.True(state.IsLike(larger));
        Assert.Equal((ScalarType.Float32, ScalarType.Float32), (state.Memory.dtype, state.Columns.dtype));
        var x = Draw("x", [40, _config.Text.HiddenSize]).to(ScalarType.BFloat16);
        var found = layer.Forward(x, default, new TokenPass([new(0, 40, Slot: 1)], null!, [state]), state, null);
        Assert.Equal(ScalarType.BFloat16, found.dtype);
        AssertClose(Definition(x), found.to(ScalarType.Float32), "bfloat16", 0.05);
    }

    [Fact]
    public void A_state_that_cannot_be_allocated_leaves_no_part_of_it()
    {
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        var before = statistics.ThreadTotalLiveCount;
        var huge = _config.Text.DeltaNet! with { ConvKernelDim = 1, NumValueHeads = 1, KeyHeadDim = 1 << 25, ValueHeadDim = 1 << 25 };
        Assert.ThrowsAny<Exception>(() => new DeltaNetState(1, huge, CPU));
        Assert.Equal(before, statistics.ThreadTotalLiveCount);
    }

    private static Tensor Rows(Tensor x, TokenRun run) => x.narrow(0, run.Start, run.Length);

    private GatedDeltaNet Layer() => new(_config.Text, new ParameterSource(_parameters), Name);

    /// <summary>Runs by length and parent, against the definition of each path from its root.</summary>
    private void CheckValuesAndGradients((int Length, int Parent)[] shape)
    {
        var (runs, start) = (new TokenRun[shape.Length], 0);
        for (var r = 0; r < runs.Length; r++, start += runs[r - 1].Length)
            runs[r] = new TokenRun(start, shape[r].Length, shape[r].Parent);
        Tensor x = Draw("x", [start, _config.Text.HiddenSize]),
            weights = Draw("x", [start, _config.Text.HiddenSize]);
        Tensor[] inputs = [x, .. _parameters.Values];
        foreach (var input in inputs)
            input.requires_grad_(true);

        var found = Layer().Forward(x, default, new TokenPass(runs, null!), null, null);
        (found * weights).sum().backward();
        var gradients = inputs.Select(Take).ToArray();
        var expected = runs.Select((_, r) => Path(x, runs, r)).ToArray();
        for (var r = 0; r < runs.Length; r++)
            AssertClose(expected[r], Rows(found, runs[r]), $"run {r}");
        runs.Select((run, r) => (expected[r] * Rows(weights, run)).sum()).Aggregate((a, b) => a + b).backward();
        string[] names = ["x", .. _parameters.Keys];
        for (var i = 0; i < inputs.Length; i++)
            AssertClose(Take(inputs[i]), gradients[i], "gradient of " + names[i]);

        static Tensor Take(Tensor input)
        {
            var gradient = input.grad!.clone();
            input.grad!.zero_();
            return gradient;
        }
    }

    /// <summary>What the definition gives the tokens of a run after all runs above it.</summary>
    private Tensor Path(Tensor x, TokenRun[] runs, int run)
    {
        var parts = new List<Tensor>();
        for (var r = run; r >= 0; r = runs[r].Parent)
            parts.Insert(0, Rows(x, runs[r]));
        var result = Definition(cat([.. parts], 0));
        return result.narrow(0, result.shape[0] - runs[run].Length, runs[run].Length);
    }

    /// <summary>The layer of one sequence <c>[T, hidden]</c>, token by token in double precision.</summary>
    private Tensor Definition(Tensor x)
    {
        var (c, wide) = (_config.Text.DeltaNet!, x.to(ScalarType.Float64));
        Tensor P(string name) => _parameters[Name + name].to(ScalarType.Float64);
        Tensor Times(string name) => nn.functional.linear(wide, P(name + ".weight"));
        var projected = Times("in_proj_qkv");
        var padded = cat([zeros([c.ConvKernelDim - 1, c.Channels], ScalarType.Float64), projected], 0);
        var convolved = nn.functional.silu(
            Enumerable
                .Range(0, c.ConvKernelDim)
                .Select(j => padded.narrow(0, j, x.shape[0]) * P("conv1d.weight").select(2, j).squeeze(1))
                .Aggregate((a, b) => a + b)
        );
        Tensor q = Unit(convolved.narrow(1, 0, c.KeyWidth)) / Math.Sqrt(c.KeyHeadDim),
            k = Unit(convolved.narrow(1, c.KeyWidth, c.KeyWidth)),
            v = convolved.narrow(1, 2 * c.KeyWidth, c.ValueWidth).reshape(-1, c.NumValueHeads, c.ValueHeadDim),
            rates = Times("in_proj_b").sigmoid(),
            decays = (-P("A_log").exp() * nn.functional.softplus(Times("in_proj_a") + P("dt_bias"))).exp();
        var memory = zeros([c.NumValueHeads, c.KeyHeadDim, c.ValueHeadDim], ScalarType.Float64);
        var reads = new List<Tensor>();
        for (var t = 0; t < x.shape[0]; t++)
        {
            using var step = NewDisposeScope();
            Tensor query = q[t].unsqueeze(1), // (heads, 1, keyDim)
                key = k[t].unsqueeze(1);
            var faded = memory * decays[t].view(-1, 1, 1);
            var change = (v[t].unsqueeze(1) - key.bmm(faded)) * rates[t].view(-1, 1, 1);
            memory = (faded + key.transpose(1, 2).bmm(change)).MoveToOuterDisposeScope();
            reads.Add(query.bmm(memory).squeeze(1).MoveToOuterDisposeScope());
        }
        var read = stack(reads);
        var normed = read * (read * read).mean([-1], keepdim: true).add(_config.Text.RmsNormEps).rsqrt() * P("norm.weight");
        var gated = normed.reshape(-1, c.ValueWidth) * nn.functional.silu(Times("in_proj_z"));
        return nn.functional.linear(gated, P("out_proj.weight")).to(ScalarType.Float32);

        Tensor Unit(Tensor heads)
        {
            var split = heads.reshape(-1, c.NumKeyHeads, c.KeyHeadDim);
            var unit = split * (split * split).sum([-1], keepdim: true).add(1e-6).rsqrt();
            return unit.repeat_interleave(c.NumValueHeads / c.NumKeyHeads, 1);
        }
    }

    /// <summary>Random values of a scale that suits the parameter; memories from short to long.</summary>
    private Tensor Draw(string name, long[] shape)
    {
        var values = randn(shape, generator: _generator);
        return name.EndsWith("A_log", StringComparison.Ordinal) ? values.mul_(1.5).sub_(2)
            : name.EndsWith("norm.weight", StringComparison.Ordinal) ? values.mul_(0.1).add_(1)
            : shape.Length == 2 && name != "x" ? values.mul_(1 / Math.Sqrt(shape[1]))
            : values;
    }

    private static void AssertClose(Tensor expected, Tensor found, string what, double relative = 2e-4)
    {
        Assert.Equal(expected.shape, found.shape);
        double off = (expected - found).norm().item<float>(),
            length = expected.norm().item<float>();
        Assert.True(off <= relative * length, $"{what}: off by {off} where the length is {length}");
    }
}
