using System.Text.Json;
using Rge.Data;
using Rge.Models;
using Rge.Models.Checkpoints;
using Rge.Prompts;
using Rge.Training.Batches;
using Rge.Training.Objective;
using Rge.Training.Optimization;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Verification;

/// <summary>
/// Compares the joint objective with vectors that a reference implementation has left in a folder (see <see cref="ReferenceVectors"/>):
/// both losses, and the gradient by every parameter. Uses the code path of training: items, prompts, one pass, backward.
/// </summary>
public static class JointCheck
{
    private const string GradientFile = "joint_gradients.safetensors";

    // A gradient of nothing but rounding, such as that of a key bias, is compared by its size instead.
    private const double SmallestLength = 1e-3;

    /// <summary>Checks the folder's joint objective.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="chunkTokens">As <see cref="ObjectiveSettings.ChunkTokens"/>: 0 in one pass, else in chunks with gradient
    /// caching.</param>
    /// <param name="activationCheckpointing">Whether activations are computed again in the backward pass.</param>
    /// <returns>A row for each quantity; without cases where the folder lacks them.</returns>
    /// <exception cref="CheckpointException">The folder or its checkpoint cannot be used.</exception>
    public static IReadOnlyList<VerificationRow> Run(string folder, int chunkTokens = 0, bool activationCheckpointing = false)
    {
        ArgumentNullException.ThrowIfNull(folder);
        Comparison language = new("joint: next-token loss", Comparison.Absolute, 1e-4),
            contrast = new("joint: InfoNCE", Comparison.Absolute, 1e-4),
            gradients = new("joint: gradients", "relative", 1e-3);
        using var reference = new ReferenceFolder(folder);
        if (reference.HasModel && reference.Root?.TryGetProperty("joint", out var joint) == true)
        {
            using var model = QwenVlModel.Load(
                reference.ModelFolder,
                new QwenVlModelOptions { Writable = true, DType = ScalarType.Float32 }
            );
            foreach (var (_, parameter) in model.Trainable)
                parameter.requires_grad_(true);
            var losses = Backward(reference, joint, model, chunkTokens, activationCheckpointing);
            language.AddValues("joint", [(float)losses.LmLoss], [joint.GetProperty("lm_loss").GetSingle()]);
            contrast.AddValues("joint", [(float)losses.InfoNce], [joint.GetProperty("info_nce").GetSingle()]);
            if (reference.Has(GradientFile))
                Compare(gradients, model, reference.PathOf(GradientFile));
        }
        return [language.Row, contrast.Row, gradients.Row];
    }

    private static StepLosses Backward(
        ReferenceFolder reference,
        JsonElement joint,
        QwenVlModel model,
        int chunkTokens,
        bool activationCheckpointing
    )
    {
        var processor = QwenVlProcessor.Load(reference.ModelFolder);
        var prompts = new PromptBuilder(model.Config, processor);
        var rationales = joint.GetProperty("oracle_rationales").EnumerateArray().Select(rationale => rationale.GetString()).ToArray();
        var samples = reference
            .Queries.Select(
                (query, i) =>
                    new TrainingSample
                    {
                        Dataset = "reference",
                        Source = query.Name,
                        Query = query.Input,
                        Rationale = rationales[i],
                        Targets = [new TargetItem(reference.Targets[i].Input, reference.Targets[i].Name)],
                    }
            )
            .ToArray();
        var batch = new BatchEncoder(prompts, processor, prompts.EmbTokenId, hardNegatives: true).Encode(samples);
        int[][] own = [.. reference.Queries.Select(query => query.GeneratedIds.Where(id => id != prompts.EmbTokenId).ToArray())];
        using var scale = tensor((float)-Math.Log(reference.Root!.Value.GetProperty("temperature").GetDouble()));
        return new JointObjective(
            model,
            prompts.EmbTokenId,
            new ObjectiveSettings { ChunkTokens = chunkTokens },
            scale,
            activationCheckpointing
        ).Backward(batch, own, lmWeight: 1, embeddingWeight: 1);
    }

    private static void Compare(Comparison comparison, QwenVlModel model, string path)
    {
        using var file = SafetensorsFile.Open(path);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var parameters = model.Trainable.ToDictionary(StringComparer.Ordinal);
        foreach (var stored in file.Names)
        {
            var name = WeightNames.Canonical(stored);
            if (!parameters.TryGetValue(name, out var parameter))
                continue;
            var (expected, found) = (file.Read(stored, ScalarType.Float32), parameter.grad ?? zeros_like(parameter));
            comparison.Add(name, GradientNorm.Compute(found.sub(expected)) / Math.Max(GradientNorm.Compute(expected), SmallestLength));
        }
    }
}
