using Rge.Models.Layers;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Layers;

/// <summary>The plainest recurrence: s ← 0.7 s + W x, and s is the result. Counts the tokens it was run on.</summary>
internal sealed class DecayingSum(Linear input) : ITokenMixer
{
    public int Tokens { get; private set; }

    /// <summary>What making a state fails with, as for want of memory.</summary>
    public Exception? Fault { get; set; }

    public ILayerState CreateState(int slots, int capacity, ScalarType dtype, Device device) =>
        Fault is not null
            ? throw Fault
            : new State(zeros([slots, input.Weight.Outputs], ScalarType.Float32, device).DetachFromDisposeScope());

    public Tensor Forward(Tensor x, RotaryTable rotary, TokenPass pass, ILayerState? state, Tensor? outputTokens)
    {
        var inputs = input.Forward(x);
        var (ends, rows) = (new Tensor[pass.Runs.Count], new List<Tensor>());
        for (var r = 0; r < ends.Length; r++)
        {
            var run = pass.Runs[r];
            var sum =
                run.Parent >= 0 ? ends[run.Parent]
                : run.Past > 0 ? ((State)state!).Sums[run.Slot].clone()
                : zeros(input.Weight.Outputs);
            for (var t = 0; t < run.Length; t++)
                rows.Add(sum = sum.mul(0.7).add(inputs[run.Start + t]));
            ends[r] = sum;
            if (state is State own)
                own.Sums[run.Slot].copy_(sum);
        }
        Tokens += rows.Count;
        var result = stack(rows);
        return outputTokens is null ? result : result.index_select(0, outputTokens);
    }

    private sealed class State(Tensor sums) : ILayerState
    {
        public Tensor Sums { get; } = sums;

        public bool CanBeCut => false;

        public bool IsLike(ILayerState other) => other is State state && state.Sums.shape[1] == Sums.shape[1];

        public void CopySlot(ILayerState source, int from, int to, int tokens) => Sums[to].copy_(((State)source).Sums[from]);

        public void Dispose() => Sums.Dispose();
    }
}
