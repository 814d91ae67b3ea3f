using Rge.Imaging;
using Rge.Models.Inputs;
using Rge.Tests.Shared;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

/// <summary>Random sequences that begin alike, and a forward and backward pass over them.</summary>
internal static class ForwardCase
{
    /// <summary>What a test knows of a sequence: its tokens and the numbers of its images.</summary>
    public sealed record Sequence(int[] TokenIds, int[] Images, PatchedImage[] Patched);

    public static QwenVlModel Trained(ModelFamily family)
    {
        var model = TinyModel.Create(family);
        foreach (var parameter in model.Parameters.Values)
            parameter.requires_grad_(true);
        return model;
    }

    /// <summary>
    /// Sequences of unequal length grown from each other's beginnings, some with images; two have the same tokens but other images.
    /// </summary>
    public static Sequence[] Sequences(QwenVlModel model, Random random)
    {
        PatchedImage[] patched =
        [
            TinyModel.Image(model.Config, 4, 6, 1),
            TinyModel.Image(model.Config, 4, 6, 2),
            TinyModel.Image(model.Config, 8, 4, 3),
        ];
        var grid = patched[0].Grid;
        var prompt = TinyModel.Tokens(model.Config, random.Next(3, 12), random.Next(), grid);
        var sequences = new List<Sequence>
        {
            new(prompt, [0], patched),
            new([.. prompt, .. Text(5)], [0], patched),
            new([.. prompt, .. Text(9)], [1], patched),
            new([.. prompt, .. TinyModel.Tokens(model.Config, 4, random.Next(), patched[2].Grid)], [0, 2], patched),
            new(Text(1), [], patched),
        };
        while (sequences.Count < 12)
        {
            var from = sequences[random.Next(sequences.Count)];
            // Not within an image.
            var keep = random.Next(from.TokenIds.Length + 1);
            while (keep < from.TokenIds.Length && from.TokenIds[keep] == TinyModel.ImageToken)
                keep++;
            var shown = Runs(from.TokenIds[..keep]);
            sequences.Add(new([.. from.TokenIds[..keep], .. Text(random.Next(1, 14))], from.Images[..shown], patched));
        }
        return [.. sequences];

        int[] Text(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(80))];

        static int Runs(int[] tokens) =>
            Enumerable
                .Range(0, tokens.Length)
                .Count(t => tokens[t] == TinyModel.ImageToken && (t == 0 || tokens[t - 1] != TinyModel.ImageToken));
    }

    /// <summary>Hidden states of the chosen sequences, after the backward pass of their weighted sum.</summary>
    public static (Tensor[] Hidden, long Count) Run(
        QwenVlModel model,
        Sequence[] sequences,
        Tensor[] weights,
        int[] chosen,
        bool activationCheckpointing = false
    )
    {
        var features = model.EncodeImages(sequences[0].Patched, activationCheckpointing);
        ModelInput[] inputs =
        [
            .. chosen.Select(i => new ModelInput(sequences[i].TokenIds, [.. sequences[i].Images.Select(image => features[image])])),
        ];
        using var states = model.Forward(inputs, activationCheckpointing: activationCheckpointing);
        foreach (var image in features)
            image.Dispose();
        var hidden = chosen
            .Select(
                (sequence, i) => states.Select([.. Enumerable.Range(0, sequences[sequence].TokenIds.Length).Select(t => states.Row(i, t))])
            )
            .ToArray();
        stack(chosen.Select((sequence, i) => (hidden[i] * weights[sequence]).sum()).ToArray()).sum().backward();
        return (hidden, states.Hidden.shape[0]);
    }

    public static Dictionary<string, Tensor> TakeGradients(QwenVlModel model)
    {
        var gradients = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (name, parameter) in model.Parameters)
        {
            using var gradient = parameter.grad;
            if (gradient is null)
                continue;
            gradients.Add(name, gradient.clone());
            gradient.zero_();
        }
        return gradients;
    }

    public static void AssertClose(Tensor expected, Tensor actual, string what, double relative = 1e-4)
    {
        double off = (expected - actual).norm().item<float>(),
            length = expected.norm().item<float>();
        Assert.True(off <= relative * length + relative / 10, $"{what}: off by {off} where the length is {length}");
    }
}
