using Rge.Models.Checkpoints;
using Rge.Models.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>Loads a model from a checkpoint folder: chooses the number type and the form of the weights, and applies an adapter.</summary>
internal static class ModelLoader
{
    /// <summary>As <see cref="QwenVlModel.Load"/>.</summary>
    /// <exception cref="CheckpointException">The folder cannot be used as the options ask.</exception>
    /// <exception cref="ArgumentException">Weights of few bits are to be writable.</exception>
    public static QwenVlModel Load(
        string folder,
        QwenVlModelOptions options,
        IProgress<LoadProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        var config = QwenVlConfig.Load(folder);
        RequirePossible(folder, config, options);
        var checkpoint = Checkpoint.Open(folder);
        var parameters = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        PeftAdapter? adapter = null;
        try
        {
            if (options.Adapter is { } path)
                adapter = PeftAdapter.Load(path, config.Quantization is null ? null : ScalarType.Float32);
            var plan = new WeightPlan(config, checkpoint, adapter);
            var loader = new ParameterLoader(plan, adapter, options, DType(folder, checkpoint, options));
            loader.Load(parameters, progress, cancellationToken);
            if (loader.Unmerged.Count > 0)
                return new QwenVlModel(plan.Config, parameters, checkpoint, loader.Unmerged, adapter);
            adapter?.Dispose();
            adapter = null;
            return new QwenVlModel(plan.Config, parameters, checkpoint, unmerged: []);
        }
        catch
        {
            adapter?.Dispose();
            foreach (var tensor in parameters.Values)
                tensor.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    private static void RequirePossible(string folder, QwenVlConfig config, QwenVlModelOptions options)
    {
        if (options is { Weights: WeightFormat.Int8 or WeightFormat.Int4, Writable: true })
            throw new ArgumentException("Weights of few bits cannot be trained: load them dense, or not writable.", nameof(options));
        if (options is { Weights: null, Writable: true } && config.Quantization is not null)
            throw new CheckpointException($"{folder} has weights of few bits: train the checkpoint that they were made from.");
        var isOfFewBits = options.Weights is { } wanted ? wanted != WeightFormat.Dense : config.Quantization is not null;
        if (isOfFewBits && options.Device is { } device && device.type != DeviceType.CPU)
            throw new CheckpointException($"{folder}: weights of few bits run on the CPU, not on {device}; load them dense.");
    }

    private static ScalarType DType(string folder, Checkpoint checkpoint, QwenVlModelOptions options)
    {
        var dtype = options.DType ?? checkpoint.DType(ParameterLayout.TokenEmbedding);
        return dtype is ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16
            ? dtype
            : throw new CheckpointException(
                $"{folder}: {ParameterLayout.TokenEmbedding} is {dtype}, expected Float32, Float16 or BFloat16."
            );
    }
}
