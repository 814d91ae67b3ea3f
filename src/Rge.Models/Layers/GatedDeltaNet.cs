using Rge.Models.Configuration;
using Rge.Models.Kernels;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// Gated delta net (Qwen3.5): a short convolution and a linear recurrence in place of attention. It carries a memory of constant size from
/// token to token, and reads no positions.
/// </summary>
/// <remarks>
/// Between the projections everything is float32, whatever the number type of the weights. <see cref="DeltaRule"/> has the recurrence.
/// </remarks>
internal sealed class GatedDeltaNet : ITokenMixer
{
    private readonly DeltaNetConfig _config;
    private readonly Linear _projection,
        _gate,
        _rate,
        _decay,
        _output;
    private readonly CausalConvolution _convolution;
    private readonly Tensor _logDecay,
        _decayBias;
    private readonly INorm _norm;

    /// <param name="config">The decoder's shape.</param>
    /// <param name="factory">Makes the layer's parts.</param>
    /// <param name="name">What its parameters' names start with, a dot at the end.</param>
    public GatedDeltaNet(TextConfig config, LayerFactory factory, string name)
    {
        _config = config.DeltaNet ?? throw new ArgumentException("The decoder has no gated delta nets.", nameof(config));
        int hidden = config.HiddenSize,
            heads = _config.NumValueHeads;
        _projection = factory.Linear(name + "in_proj_qkv", hidden, _config.Channels, bias: false);
        _gate = factory.Linear(name + "in_proj_z", hidden, _config.ValueWidth, bias: false);
        _rate = factory.Linear(name + "in_proj_b", hidden, heads, bias: false);
        _decay = factory.Linear(name + "in_proj_a", hidden, heads, bias: false);
        _convolution = new CausalConvolution(factory.Parameter(name + "conv1d.weight", _config.Channels, 1, _config.ConvKernelDim));
        _logDecay = factory.Float32Parameter(name + "A_log", heads);
        _decayBias = factory.Float32Parameter(name + "dt_bias", heads);
        _norm = factory.RmsNorm(name + "norm", _config.ValueHeadDim, config.RmsNormEps);
        _output = factory.Linear(name + "out_proj", _config.ValueWidth, hidden, bias: false);
    }

    public ILayerState CreateState(int slots, int capacity, ScalarType dtype, Device device) => new DeltaNetState(slots, _config, device);

    public Tensor Forward(Tensor x, RotaryTable rotary, TokenPass pass, ILayerState? state, Tensor? outputTokens)
    {
        var projected = _projection.Forward(x).to(ScalarType.Float32); // (N, channels)
        var (rates, decays) = Rates(x);
        var own = (DeltaNetState?)state;
        Tensor read; // (R, valueWidth)
        if (own is not null && pass.IsStep)
        {
            read = Step(projected, rates, decays, pass.Runs, own);
            if (outputTokens is not null)
                read = read.index_select(0, outputTokens);
        }
        else
        {
            var places = HostTransfers.Upload(pass.Chunks.Places, x.device);
            read = GradientKernels.GatherRows(
                Chunks(projected, rates, decays, pass, own),
                outputTokens is null ? places : places.index_select(0, outputTokens)
            );
        }
        var gates = _gate.Forward(outputTokens is null ? x : GradientKernels.GatherRows(x, outputTokens));
        var normed = _norm.Forward(read.view(-1, _config.NumValueHeads, _config.ValueHeadDim)).view(read.shape);
        return _output.Forward(Activations.SiluProduct(gates, normed));
    }

    /// <summary>β and g of tokens, each float32 <c>[N, valueHeads]</c>.</summary>
    private (Tensor Rates, Tensor Decays) Rates(Tensor x)
    {
        var raw = _decay.Forward(x).to(ScalarType.Float32).Plus(_decayBias.to(ScalarType.Float32));
        // log(1 + e^raw), the softplus.
        var decays = _logDecay.to(ScalarType.Float32).exp().neg() * raw.logaddexp(zeros(1, device: raw.device));
        return (_rate.Forward(x).to(ScalarType.Float32).sigmoid(), decays);
    }

    /// <summary>One token of each of several sequences, on their states in place.</summary>
    private Tensor Step(Tensor projected, Tensor rates, Tensor decays, IReadOnlyList<TokenRun> runs, DeltaNetState state)
    {
        long[] slots = [.. runs.Select(run => (long)run.Slot)];
        var windows = cat([DeltaNetState.Read(state.Columns, slots), projected.unsqueeze(1)], 1); // (B, taps, channels)
        DeltaNetState.Write(state.Columns, slots, windows.narrow(1, 1, _config.ConvKernelDim - 1));
        var tokens = DeltaTokens.Create(_config, _convolution.Step(windows).unsqueeze(1), rates.unsqueeze(1), decays.unsqueeze(1));
        // Memories are large: slots that follow each other are changed where they lie, and none is copied.
        var reads = DeltaNetState
            .Ranges(slots)
            .Select(range =>
                DeltaRule.Step(tokens.Narrow(range.First, range.Count), state.Memory.narrow(0, slots[range.First], range.Count))
            )
            .ToArray();
        return (reads.Length == 1 ? reads[0] : cat(reads, 0)).view(slots.Length, _config.ValueWidth);
    }

    /// <summary>Runs of any length.</summary>
    /// <returns>What each place of <see cref="RunChunks"/> reads, <c>[places, valueWidth]</c>.</returns>
    private Tensor Chunks(Tensor projected, Tensor rates, Tensor decays, TokenPass pass, DeltaNetState? state)
    {
        var (chunks, windows) = (pass.Chunks, pass.Windows(_config.ConvKernelDim));
        state?.Begin(pass.Runs);
        long[] slots = [.. windows.Roots.Select(run => (long)pass.Runs[run].Slot)];
        var convolved = Convolve(projected, windows, slots, state);
        var memory = state is null
            ? zeros([slots.Length, _config.NumValueHeads, _config.KeyHeadDim, _config.ValueHeadDim], device: projected.device)
            : DeltaNetState.Read(state.Memory, slots);
        // A place without a token has this last row, which changes nothing.
        var padded = cat([cat([rates, decays], 1), zeros([1, 2 * _config.NumValueHeads], device: projected.device)], 0);
        var reads = new List<Tensor>();
        foreach (var block in chunks.Blocks)
        {
            using var scope = NewDisposeScope();
            var rule = new DeltaRule(Arrange(convolved, padded, chunks, windows, block));
            foreach (var level in block)
            {
                (var read, memory) = rule.Run(level.First - block[0].First, Next(memory, level));
                reads.Add(read.transpose(1, 2).reshape(-1, _config.ValueWidth).MoveToOuterDisposeScope());
                state?.Keep(level, pass.Runs, memory);
            }
            memory.MoveToOuterDisposeScope();
        }
        return reads.Count == 1 ? reads[0] : cat(reads, 0);
    }

    private Tensor Convolve(Tensor projected, CausalWindows windows, long[] slots, DeltaNetState? state)
    {
        var carried = state is null
            ? zeros([(long)slots.Length * (windows.Taps - 1), _config.Channels], device: projected.device)
            : DeltaNetState.Read(state.Columns, slots).reshape(-1, _config.Channels);
        var (convolved, sources) = _convolution.Forward(projected, windows, carried);
        if (state is not null)
        {
            var last = sources.index_select(0, HostTransfers.Upload([.. windows.Ends.SelectMany(end => end)], projected.device));
            DeltaNetState.Write(state.Columns, slots, last.view(-1, windows.Taps - 1, _config.Channels));
        }
        return convolved;
    }

    /// <summary>The memories that the chunks of a level start with, of those after the level before.</summary>
    private static Tensor Next(Tensor memory, RunChunks.Level level)
    {
        if (level.Starts.Length == memory.shape[0] && level.Starts.Select((start, i) => start == i).All(same => same))
            return memory;
        var rows = GradientKernels.GatherRows(memory.flatten(1), HostTransfers.Upload(level.Starts, memory.device));
        return rows.view([level.Count, .. memory.shape[1..]]);
    }

    /// <summary>The chunks of a block of levels.</summary>
    private DeltaTokens Arrange(Tensor convolved, Tensor padded, RunChunks chunks, CausalWindows windows, RunChunks.Level[] block)
    {
        var count = block.Sum(level => level.Count);
        var tokens = chunks.Tokens.AsSpan(block[0].First * chunks.Size, count * chunks.Size);
        var (rows, places) = (new long[tokens.Length], new long[tokens.Length]);
        for (var i = 0; i < tokens.Length; i++)
            (rows[i], places[i]) = tokens[i] < 0 ? (0, windows.Rows.Length) : (windows.Rows[tokens[i]], tokens[i]);
        var rates = GradientKernels.GatherRows(padded, HostTransfers.Upload(places, padded.device)).view(count, chunks.Size, -1);
        return DeltaTokens.Create(
            _config,
            GradientKernels.GatherRows(convolved, HostTransfers.Upload(rows, convolved.device)).view(count, chunks.Size, -1),
            rates.narrow(2, 0, _config.NumValueHeads),
            rates.narrow(2, _config.NumValueHeads, _config.NumValueHeads)
        );
    }
}
