using System.Diagnostics;
using System.Text.Json;
using Rge.Models;
using Rge.Models.Checkpoints;
using Rge.Models.Tensors;
using Rge.Training.Objective;
using Rge.Training.Optimization;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Bench;

/// <summary>
/// This project's step of the joint objective on a batch file: forward, backward, clipping, AdamW. Prints one line of JSON.
/// </summary>
internal static class JointStepBenchmark
{
    /// <param name="checkpoint">The checkpoint folder.</param>
    /// <param name="batchFile">What <see cref="JointBatch.Write"/> wrote.</param>
    /// <param name="rank">Rank of LoRA on the decoder's linear layers; 0 trains the weights.</param>
    /// <param name="chunkTokens">As <see cref="ObjectiveSettings.ChunkTokens"/>.</param>
    /// <param name="activationCheckpointing">Whether activations are computed again in the backward pass.</param>
    /// <param name="steps">Steps, of which the median is reported, after one that does not count.</param>
    /// <param name="deviceName">The device, as options name it.</param>
    public static void Run(
        string checkpoint,
        string batchFile,
        int rank,
        int chunkTokens,
        bool activationCheckpointing,
        int steps,
        string deviceName
    )
    {
        NativeHeap.KeepFreedMemory();
        using var gradients = enable_grad();
        if (!DeviceNames.TryResolve(deviceName, out var device, out var problem))
            throw new InvalidOperationException(problem);
        using var model = QwenVlModel.Load(checkpoint, new QwenVlModelOptions { Writable = rank == 0, Device = device });
        var file = JointBatch.Read(batchFile);
        var (batch, own) = file.Decode(model.Config);
        using var adapter =
            rank == 0
                ? null
                : PeftAdapter.Create(
                    new AdapterConfig
                    {
                        Rank = rank,
                        Alpha = 2 * rank,
                        TargetModules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
                        TargetPattern = null,
                    },
                    model
                        .Linears.Where(linear => linear.Key.StartsWith("model.language_model.", StringComparison.Ordinal))
                        .ToDictionary(linear => linear.Key, linear => linear.Value, StringComparer.Ordinal),
                    seed: 1
                );
        if (adapter is not null)
            model.Attach(adapter);
        Tensor[] tensors = adapter is null
            ? [.. model.Parameters.Values]
            : [.. adapter.Modules.Values.SelectMany(module => (Tensor[])[module.A, module.B])];
        TrainedParameter[] trained =
        [
            .. tensors.Select((tensor, i) => new TrainedParameter($"p{i}", tensor.requires_grad_(true), 1, 0.01)),
        ];
        using var optimizer = new AdamW(trained, 0.9, 0.98, 1e-8);
        using var scale = tensor((float)-Math.Log(file.Temperature), device: device);
        var objective = new JointObjective(
            model,
            file.Emb,
            new ObjectiveSettings { ChunkTokens = chunkTokens },
            scale,
            activationCheckpointing
        );
        var first = Step();
        var seconds = Enumerable
            .Range(0, steps)
            .Select(_ =>
            {
                var watch = Stopwatch.StartNew();
                Step();
                return watch.Elapsed.TotalSeconds;
            })
            .Median();
        Console.WriteLine(
            JsonSerializer.Serialize(
                new Dictionary<string, double>(StringComparer.Ordinal)
                {
                    ["seconds"] = seconds,
                    ["lm_loss"] = first.LmLoss,
                    ["info_nce"] = first.InfoNce,
                }
            )
        );

        StepLosses Step()
        {
            var losses = objective.Backward(batch, own, lmWeight: 1, embeddingWeight: 1);
            GradientNorm.Clip(tensors, 1);
            optimizer.Step(1e-5);
            return losses;
        }
    }
}
