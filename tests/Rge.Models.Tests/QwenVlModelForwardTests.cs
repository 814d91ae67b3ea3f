using Rge.Models.Inputs;
using Rge.Tests.Shared;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

/// <summary>Sequences run together, what they start with shared, against each run alone: values and gradients.</summary>
public sealed class QwenVlModelForwardTests
{
    public static TheoryData<ModelFamily, int> Cases
    {
        get
        {
            var cases = new TheoryData<ModelFamily, int>();
            foreach (var family in Enum.GetValues<ModelFamily>())
                for (var seed = 0; seed < 4; seed++)
                    cases.Add(family, seed);
            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Shared_beginnings_change_neither_values_nor_gradients(ModelFamily family, int seed)
    {
        using var scope = NewDisposeScope();
        using var model = ForwardCase.Trained(family);
        var sequences = ForwardCase.Sequences(model, new Random(seed));
        var weights = sequences.Select(s => randn(s.TokenIds.Length, model.Config.Text.HiddenSize)).ToArray();

        var (together, count) = ForwardCase.Run(model, sequences, weights, [.. Enumerable.Range(0, sequences.Length)]);
        var gradients = ForwardCase.TakeGradients(model);
        var alone = sequences.Select((s, i) => ForwardCase.Run(model, sequences, weights, [i])).ToArray();
        Assert.True(count < alone.Sum(a => a.Count), $"{count} rows for {alone.Sum(a => a.Count)} tokens: nothing was shared");
        for (var i = 0; i < alone.Length; i++)
            ForwardCase.AssertClose(alone[i].Hidden[0], together[i], "sequence " + i);
        foreach (var (name, gradient) in ForwardCase.TakeGradients(model))
            ForwardCase.AssertClose(gradient, gradients[name], name);
    }

    [Theory, MemberData(nameof(QwenVlModelTests.Families), MemberType = typeof(QwenVlModelTests))]
    public void The_last_token_has_the_state_that_inference_gives_it(ModelFamily family)
    {
        using var scope = NewDisposeScope();
        using var model = ForwardCase.Trained(family);
        var images = model.EncodeImages([TinyModel.Image(model.Config, 4, 6)]);
        var input = new ModelInput(TinyModel.Tokens(model.Config, 9, 1, images[0].Grid), images);
        using var states = model.Forward([input, input]);
        ForwardCase.AssertClose(model.Encode([input])[0], states.Hidden[states.Row(1, ^1)], "hidden");
        Assert.Equal(input.TokenIds.Length, states.Hidden.shape[0]);
    }

    [Fact]
    public void Nothing_asks_for_a_gradient_that_was_not_wanted()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModel.Create(ModelFamily.Qwen25Vl);
        Check(expected: false);
        foreach (var parameter in model.Parameters.Values)
            parameter.requires_grad_(true);
        Check(expected: true);
        using (no_grad())
            Check(expected: false);

        void Check(bool expected)
        {
            var images = model.EncodeImages([TinyModel.Image(model.Config, 4, 4)]);
            using var states = model.Forward([new ModelInput(TinyModel.Tokens(model.Config, 3, 1, images[0].Grid), images)]);
            Assert.Equal(expected, images[0].Merged.requires_grad);
            Assert.Equal(expected, states.Hidden.requires_grad);
            Assert.Equal(expected, model.Logits(states.Hidden).requires_grad);
            Assert.False(model.Encode([new ModelInput([1, 2])]).requires_grad);
        }
    }

    [Theory, MemberData(nameof(QwenVlModelTests.Families), MemberType = typeof(QwenVlModelTests))]
    public void No_tensor_outlives_a_step(ModelFamily family)
    {
        using var model = ForwardCase.Trained(family);
        var sequences = ForwardCase.Sequences(model, new Random(1));
        Step();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Step();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Step()
        {
            using var scope = NewDisposeScope();
            var weights = sequences.Select(s => ones(s.TokenIds.Length, model.Config.Text.HiddenSize)).ToArray();
            ForwardCase.Run(model, sequences, weights, [.. Enumerable.Range(0, sequences.Length)]);
            ForwardCase.Run(model, sequences, weights, [.. Enumerable.Range(0, sequences.Length)], activationCheckpointing: true);
            ForwardCase.TakeGradients(model);
        }
    }

    [Theory, MemberData(nameof(QwenVlModelTests.Families), MemberType = typeof(QwenVlModelTests))]
    public void Checkpointed_layers_give_the_same_gradients(ModelFamily family)
    {
        using var scope = NewDisposeScope();
        using var model = ForwardCase.Trained(family);
        var sequences = ForwardCase.Sequences(model, new Random(2));
        var weights = sequences.Select(s => randn(s.TokenIds.Length, model.Config.Text.HiddenSize)).ToArray();
        int[] all = [.. Enumerable.Range(0, sequences.Length)];
        ForwardCase.Run(model, sequences, weights, all);
        var gradients = ForwardCase.TakeGradients(model);
        ForwardCase.Run(model, sequences, weights, all, activationCheckpointing: true);
        // Without gradient the vision tower attends by a kernel, whose sums are rounded in another order than torch's.
        foreach (var (name, gradient) in ForwardCase.TakeGradients(model))
            ForwardCase.AssertClose(gradients[name], gradient, name, 1e-5);
    }

    [Fact]
    public void Checkpointed_layers_may_train_next_to_nothing()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModel.Create(ModelFamily.Qwen25Vl);
        var only = model.Parameters["model.language_model.layers.1.mlp.up_proj.weight"].requires_grad_(true);
        var sequences = ForwardCase.Sequences(model, new Random(2));
        var weights = sequences.Select(s => randn(s.TokenIds.Length, model.Config.Text.HiddenSize)).ToArray();
        int[] all = [.. Enumerable.Range(0, sequences.Length)];
        ForwardCase.Run(model, sequences, weights, all);
        var expected = only.grad!.clone();
        only.grad!.zero_();
        ForwardCase.Run(model, sequences, weights, all, activationCheckpointing: true);
        ForwardCase.AssertClose(expected, only.grad!, "gradient", 1e-6);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Only_wanted_tokens_are_handed_out(bool activationCheckpointing)
    {
        using var scope = NewDisposeScope();
        using var model = ForwardCase.Trained(ModelFamily.Qwen3Vl);
        ModelInput[] inputs = [new([1, 2, 3, 4]), new([1, 2, 5]), new([6, 7])];
        var all = model.Forward(inputs);
        all.Select([all.Row(0, 2), all.Row(0, 3), all.Row(1, 1)]).sum().backward();
        var gradients = ForwardCase.TakeGradients(model);
        var some = model.Forward(inputs, [Range.StartAt(2), 1..2, 0..0], activationCheckpointing);
        Assert.Equal(3, some.Hidden.shape[0]);
        ForwardCase.AssertClose(
            all.Select([all.Row(0, 2), all.Row(0, 3), all.Row(1, 1)]),
            some.Select([some.Row(0, 2), some.Row(0, ^1), some.Row(1, 1)]),
            "hidden"
        );
        Assert.Equal(some.Row(0, 3), some.Row(0, ^1));
        Assert.Throws<ArgumentException>(() => some.Row(1, 2));
        some.Hidden.sum().backward();
        foreach (var (name, gradient) in ForwardCase.TakeGradients(model))
            ForwardCase.AssertClose(gradients[name], gradient, name);
        Assert.Throws<ArgumentException>(() => model.Forward(inputs, [Range.All]));
        Assert.Throws<ArgumentException>(() => model.Forward(inputs, [0..0, 0..0, 0..0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Forward(inputs, [0..5, Range.All, Range.All]));
    }

    [Fact]
    public void Bad_sequences_and_rows_are_refused()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen25Vl);
        Assert.Throws<ArgumentException>(() => model.Forward([]));
        Assert.Throws<ArgumentException>(() => model.Forward([new ModelInput([1]), new ModelInput([])]));
        Assert.Throws<ArgumentException>(() => model.Forward([new ModelInput([96])]));
        Assert.Throws<ArgumentException>(() => model.Forward([new ModelInput([TinyModel.ImageToken])]));
        using var states = model.Forward([new ModelInput([1, 2])]);
        Assert.Equal(1, states.Row(0, ^1));
        Assert.Throws<ArgumentOutOfRangeException>(() => states.Row(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => states.Row(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => states.Row(0, ^3));
    }
}
