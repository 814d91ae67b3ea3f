using Rge.Tests.Shared;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

/// <summary>Sequences run together, what they begin with shared, against each run alone: values and gradients.</summary>
public sealed class QwenVlModelForwardTests
{
    public static TheoryData<ModelFamily, int> Cases
    {
        get
        {
            var cases = new TheoryData<ModelFamily, int>();
            foreach (var family in Enum.GetValues<ModelFamily>())
                for (var seed = 0; seed < 4; seed++) cases.Add(family, seed);
            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Shared_beginnings_change_neither_values_nor_gradients(ModelFamily family, int seed)
    {
        using var scope = NewDisposeScope();
        using var model = Trained(family);
        var sequences = Sequences(model, new Random(seed));
        var weights = sequences.Select(s => randn(s.TokenIds.Length, model.Config.Text.HiddenSize)).ToArray();

        var (together, count) = Run(model, sequences, weights, [.. Enumerable.Range(0, sequences.Length)]);
        var gradients = TakeGradients(model);
        var alone = sequences.Select((s, i) => Run(model, sequences, weights, [i])).ToArray();
        Assert.True(count < alone.Sum(a => a.Count), $"{count} rows for {alone.Sum(a => a.Count)} tokens: nothing was shared");
        for (var i = 0; i < alone.Length; i++) AssertClose(alone[i].Hidden[0], together[i], "sequence " + i);
        foreach (var (name, gradient) in TakeGradients(model)) AssertClose(gradient, gradients[name], name);
    }

    [Theory, MemberData(nameof(QwenVlModelTests.Families), MemberType = typeof(QwenVlModelTests))]
    public void The_last_token_has_the_state_that_inference_gives_it(ModelFamily family)
    {
        using var scope = NewDisposeScope();
        using var model = Trained(family);
        var images = model.EncodeImages([TinyModel.Image(model.Config, 4, 6)]);
        var input = new ModelInput(TinyModel.Tokens(model.Config, 9, 1, images[0].Grid), images);
        using var states = model.Forward([input, input]);
        AssertClose(model.Encode([input])[0], states.Hidden[states.Row(1, ^1)], "hidden");
        Assert.Equal(input.TokenIds.Length, states.Hidden.shape[0]);
    }

    [Fact]
    public void Nothing_asks_for_a_gradient_that_was_not_wanted()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModel.Create(ModelFamily.Qwen25Vl);
        Check(expected: false);
        foreach (var parameter in model.Parameters.Values) parameter.requires_grad_(true);
        Check(expected: true);
        using (no_grad()) Check(expected: false);

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
        using var model = Trained(family);
        var sequences = Sequences(model, new Random(1));
        Step();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Step();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Step()
        {
            using var scope = NewDisposeScope();
            var weights = sequences.Select(s => ones(s.TokenIds.Length, model.Config.Text.HiddenSize)).ToArray();
            Run(model, sequences, weights, [.. Enumerable.Range(0, sequences.Length)]);
            TakeGradients(model);
        }
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

    /// <summary>What a test knows of a sequence: its tokens and the numbers of its images.</summary>
    private sealed record Sequence(int[] TokenIds, int[] Images, PatchedImage[] Pictures);

    private static QwenVlModel Trained(ModelFamily family)
    {
        var model = TinyModel.Create(family);
        foreach (var parameter in model.Parameters.Values) parameter.requires_grad_(true);
        return model;
    }

    /// <summary>Sequences of unequal length grown from each other's beginnings, some with images; two have the same tokens but other images.</summary>
    private static Sequence[] Sequences(QwenVlModel model, Random random)
    {
        PatchedImage[] pictures = [TinyModel.Image(model.Config, 4, 6, 1), TinyModel.Image(model.Config, 4, 6, 2), TinyModel.Image(model.Config, 8, 4, 3)];
        var grid = pictures[0].Grid;
        var prompt = TinyModel.Tokens(model.Config, random.Next(3, 12), random.Next(), grid);
        var sequences = new List<Sequence>
        {
            new(prompt, [0], pictures),
            new([.. prompt, .. Text(5)], [0], pictures),
            new([.. prompt, .. Text(9)], [1], pictures),
            new([.. prompt, .. TinyModel.Tokens(model.Config, 4, random.Next(), pictures[2].Grid)], [0, 2], pictures),
            new(Text(1), [], pictures),
        };
        while (sequences.Count < 12)
        {
            var from = sequences[random.Next(sequences.Count)];
            // Not within an image.
            var keep = random.Next(from.TokenIds.Length + 1);
            while (keep < from.TokenIds.Length && from.TokenIds[keep] == TinyModel.ImageToken) keep++;
            var shown = Runs(from.TokenIds[..keep]);
            sequences.Add(new([.. from.TokenIds[..keep], .. Text(random.Next(1, 14))], from.Images[..shown], pictures));
        }
        return [.. sequences];

        int[] Text(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(80))];

        static int Runs(int[] tokens) =>
            Enumerable.Range(0, tokens.Length).Count(t => tokens[t] == TinyModel.ImageToken && (t == 0 || tokens[t - 1] != TinyModel.ImageToken));
    }

    /// <summary>Hidden states of the chosen sequences, after the backward pass of their weighted sum.</summary>
    private static (Tensor[] Hidden, long Count) Run(QwenVlModel model, Sequence[] sequences, Tensor[] weights, int[] chosen)
    {
        var features = model.EncodeImages(sequences[0].Pictures);
        using var states = model.Forward([.. chosen.Select(i => new ModelInput(sequences[i].TokenIds, [.. sequences[i].Images.Select(image => features[image])]))]);
        foreach (var image in features) image.Dispose();
        var hidden = chosen.Select((sequence, i) => states.Hidden.index_select(
            0, tensor(Enumerable.Range(0, sequences[sequence].TokenIds.Length).Select(t => (long)states.Row(i, t)).ToArray()))).ToArray();
        stack(chosen.Select((sequence, i) => (hidden[i] * weights[sequence]).sum()).ToArray()).sum().backward();
        return (hidden, states.Hidden.shape[0]);
    }

    private static Dictionary<string, Tensor> TakeGradients(QwenVlModel model)
    {
        var gradients = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (name, parameter) in model.Parameters)
        {
            using var gradient = parameter.grad;
            if (gradient is null) continue;
            gradients.Add(name, gradient.clone());
            gradient.zero_();
        }
        return gradients;
    }

    private static void AssertClose(Tensor expected, Tensor actual, string what)
    {
        double off = (expected - actual).norm().item<float>(), length = expected.norm().item<float>();
        Assert.True(off <= 1e-4 * length + 1e-5, $"{what}: off by {off} where the length is {length}");
    }
}
