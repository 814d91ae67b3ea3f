using System.Text.Json;
using Rge.Models;
using Rge.Models.Checkpoints;
using static TorchSharp.torch;

namespace Rge.Verification;

/// <summary>One gated delta net alone: prompts, and single tokens on the state that each leaves.</summary>
internal static class DeltaNetCheck
{
    private const double Tolerance = 5e-5;

    public static IEnumerable<VerificationRow> Run(ReferenceFolder folder, QwenVlModel model)
    {
        var outputs = new Comparison("gated delta net alone", Comparison.Absolute, Tolerance);
        if (folder.Json("delta_layer.json") is { } description)
            Compare(folder, model, description, outputs);
        return [outputs.Row];
    }

    private static void Compare(ReferenceFolder folder, QwenVlModel model, JsonElement description, Comparison outputs)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(folder.PathOf("delta_layer.safetensors"));
        var (layer, steps) = (description.GetProperty("layer").GetInt32(), description.GetProperty("steps").GetInt32());
        foreach (var prompt in description.GetProperty("prefill").EnumerateObject())
        {
            using var state = model.CreateState(slots: 1, capacity: prompt.Value.GetInt32() + steps);
            foreach (var name in (string[])[prompt.Name, .. Enumerable.Range(0, steps).Select(step => $"{prompt.Name}.step{step}")])
            {
                var output = model.Recur(layer, file.Read(name + ".input", model.DType, model.Device), state, slot: 0);
                outputs.AddValues(name, Values(output), Values(file.Read(name + ".output")));
            }
        }
    }

    private static float[] Values(Tensor tensor) => tensor.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
}
