using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inputs;
using static TorchSharp.torch;

namespace Rge.Verification;

/// <summary>What comes out of the vision tower and of every layer of the decoder, prompt by prompt.</summary>
internal static class ModelCheck
{
    private const double Tolerance = 2e-4;

    /// <summary>
    /// The norm inside a gated delta net divides by what it has read, which is next to nothing where a query and the keys are orthogonal:
    /// in float32 the reference itself is 3.2e-4 off.
    /// </summary>
    private const double DeltaNetTolerance = 5e-4;

    public static IEnumerable<VerificationRow> Run(ReferenceFolder folder, QwenVlModel model, QwenVlProcessor processor)
    {
        var (vision, hidden, logits) = (
            new Comparison("vision features", Comparison.Absolute, Tolerance),
            new Comparison("hidden states", Comparison.Absolute, model.Config.Text.DeltaNet is null ? Tolerance : DeltaNetTolerance),
            new Comparison("logits", Comparison.Absolute, Tolerance)
        );
        foreach (var item in folder.Cases)
        {
            using var scope = NewDisposeScope();
            var patches = item.Images.Select((name, i) => Patches(name, item.Input.Images[i])).ToArray();
            var features = model.EncodeImages(patches);
            try
            {
                if (features.Count > 0 && folder.Activation($"{item.Name}.vision") is { } expectedVision)
                    vision.AddValues(item.Name, Values(cat([.. features.Select(image => image.Merged)], 0)), expectedVision);
                var last = model.Encode([new ModelInput(item.InputIds, features)], (layer, states) =>
                {
                    if (folder.Activation($"{item.Name}.hidden.{layer}") is { } expected)
                        hidden.AddValues($"{item.Name}, layer {layer}", Values(states), expected);
                });
                if (folder.Activation($"{item.Name}.logits_last") is { } expectedLogits)
                    logits.AddValues(item.Name, Values(model.Logits(last)), expectedLogits);
            }
            finally
            {
                foreach (var image in features)
                    image.Dispose();
            }
        }
        return [vision.Row, hidden.Row, logits.Row];

        // The reference's own patches where it has them, so that the model is judged alone.
        PatchedImage Patches(string name, ImageSource source)
        {
            var own = source.Load(processor.Images, ImageLimits.Default);
            return folder.Patches(name) is { } reference && reference.Length == own.Pixels.Length
                ? new PatchedImage(reference, own.Grid)
                : own;
        }
    }

    private static float[] Values(Tensor tensor) => tensor.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
}
