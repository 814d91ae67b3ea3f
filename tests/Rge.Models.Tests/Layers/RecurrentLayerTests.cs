using Rge.Models.Configuration;
using Rge.Models.Families;
using Rge.Models.Gradients;
using Rge.Models.Inference;
using Rge.Models.Inputs;
using Rge.Models.Layers;
using Rge.Tests.Shared;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Layers;

/// <summary>A decoder with recurrent layers batches, continues, forks and shares beginnings by the same code as one of attention.</summary>
public sealed class RecurrentLayerTests : IDisposable
{
    private readonly IDisposable _scope = NewDisposeScope();
    private readonly ModelConfig _config = TinyModel.Config(ModelFamily.Qwen3Vl);
    private readonly MixedFamily _family = new();
    private readonly LanguageModel _decoder;

    public RecurrentLayerTests()
    {
        var layout = new LayoutRecorder();
        _ = new LanguageModel(_config.Text, new MixedFamily(), layout);
        using var generator = new Generator(1);
        var parameters = layout.Shapes.ToDictionary(
            p => p.Key,
            p => randn(p.Value, generator: generator).mul_(0.2),
            StringComparer.Ordinal
        );
        _decoder = new LanguageModel(_config.Text, _family, new ParameterSource(parameters));
    }

    [Fact]
    public void Prompts_and_steps_of_several_sequences_equal_one_pass_of_each()
    {
        using var state = State(slots: 3);
        int[][] prompts = [Tokens(7, 1), Tokens(2, 2)],
            continuations = [Tokens(4, 3), Tokens(4, 4)];
        Run(PackedBatch.Create(Inputs(prompts), _config, state, [2, 0]), state);
        for (var step = 0; step < 4; step++)
        {
            var hidden = Run(PackedBatch.OfSteps([continuations[0][step], continuations[1][step]], _config, state, [2, 0]), state);
            for (var i = 0; i < 2; i++)
                AssertClose(Alone([.. prompts[i], .. continuations[i][..(step + 1)]]), hidden[i]);
        }
        Assert.Equal((11, 6), (state.Length(2), state.Length(0)));
    }

    [Fact]
    public void A_prompt_in_two_parts_equals_the_whole()
    {
        using var state = State(slots: 1);
        int[] prompt = Tokens(9, 1);
        Run(PackedBatch.Create(Inputs(prompt[..5]), _config, state, [0]), state);
        AssertClose(Alone(prompt), Run(PackedBatch.Create(Inputs(prompt[5..]), _config, state, [0]), state)[0]);
    }

    [Fact]
    public void A_sequence_forks_moves_and_joins_others()
    {
        using DecodingState small = State(slots: 1),
            large = State(slots: 3, capacity: 40);
        int[] prompt = Tokens(6, 1);
        Run(PackedBatch.Create(Inputs(prompt), _config, small, [0]), small);
        large.CopyFrom(small, 0, 2);
        large.CopyFrom(large, 2, 0);
        // The two continue differently, beside a third that begins: none is changed by another.
        var hidden = Run(PackedBatch.Create(Inputs([5], [6], Tokens(3, 2)), _config, large, [0, 2, 1]), large);
        AssertClose(Alone([.. prompt, 5]), hidden[0]);
        AssertClose(Alone([.. prompt, 6]), hidden[1]);
        AssertClose(Alone(Tokens(3, 2)), hidden[2]);
        AssertClose(Alone([.. prompt, 7]), Run(PackedBatch.OfSteps([7], _config, small, [0]), small)[0]);
    }

    [Fact]
    public void A_reset_slot_forgets_its_sequence()
    {
        using var state = State(slots: 1);
        Run(PackedBatch.Create(Inputs(Tokens(6, 1)), _config, state, [0]), state);
        state.Reset(0);
        AssertClose(Alone([5, 6]), Run(PackedBatch.Create(Inputs([5, 6]), _config, state, [0]), state)[0]);
    }

    [Fact]
    public void States_that_cannot_all_be_made_leave_no_native_tensor()
    {
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        _family.Recurrences[0].Fault = new InsufficientMemoryException();
        var before = statistics.ThreadTotalLiveCount;
        Assert.Throws<InsufficientMemoryException>(() => State(slots: 2));
        Assert.Equal(before, statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void States_of_other_layers_are_refused()
    {
        using var state = State(slots: 1);
        using var attention = TinyModel.Create(ModelFamily.Qwen3Vl);
        using var other = attention.CreateState(1, 20);
        var error = Assert.Throws<ArgumentException>(() => state.CopyFrom(other, 0, 0));
        Assert.Contains("different models", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sequences_that_begin_alike_share_their_beginnings()
    {
        int[] prompt = Tokens(6, 1);
        int[][] sequences =
        [
            [.. prompt, 1, 2],
            [.. prompt, 1, 3, 4],
            prompt,
            [.. prompt[..3], 9],
            Tokens(4, 8),
        ];
        var tree = new PrefixTree(Inputs(sequences), _config);
        var before = _family.Recurrences[0].Tokens;
        var positions = tensor(tree.Positions, [3, tree.TokenIds.Length]);
        var hidden = _decoder.Forward(_decoder.Embed(tensor(tree.TokenIds), images: null), positions, tree.Pass(CPU), images: null);
        Assert.Equal(tree.TokenIds.Length, _family.Recurrences[0].Tokens - before);
        Assert.True(tree.TokenIds.Length < sequences.Sum(tokens => tokens.Length));
        for (var i = 0; i < sequences.Length; i++)
            AssertClose(Alone(sequences[i]), hidden[tree.Rows[i][^1]]);
    }

    public void Dispose() => _scope.Dispose();

    private DecodingState State(int slots, int capacity = 20) => new(_decoder.CreateStates(slots, capacity), slots, capacity);

    private Tensor Alone(int[] tokens) => Run(PackedBatch.Create(Inputs(tokens), _config), state: null)[0];

    private Tensor Run(PackedBatch batch, DecodingState? state)
    {
        using var frozen = no_grad();
        var tensors = PackedTensors.Upload(batch, CPU);
        var embedded = _decoder.Embed(tensors.TokenIds, images: null);
        var hidden = _decoder.Forward(embedded, tensors.Positions, batch.Pass(state, tensors), images: null);
        state?.Advance(batch);
        return hidden.index_select(0, tensors.Last);
    }

    private static ModelInput[] Inputs(params int[][] sequences) => Array.ConvertAll(sequences, tokens => new ModelInput(tokens));

    private static int[] Tokens(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(80))];
    }

    private static void AssertClose(Tensor expected, Tensor found) => Assert.True(found.allclose(expected, rtol: 1e-4, atol: 1e-5));
}
