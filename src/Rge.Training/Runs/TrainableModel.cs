using Rge.Imaging;
using Rge.Models;
using Rge.Models.Checkpoints;
using Rge.Models.Configuration;
using Rge.Prompts;
using Rge.Training.Optimization;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Training.Runs;

/// <summary>The model of a run with what belongs to it: processor, prompts, perhaps an adapter, and which tensors are trained.</summary>
internal sealed class TrainableModel : IDisposable
{
    private const string ModelFolder = "model",
        AdapterFolder = "adapter";

    private readonly ImageOptions _images;

    private TrainableModel(
        string start,
        QwenVlModel model,
        QwenVlProcessor processor,
        PeftAdapter? adapter,
        ImageOptions images,
        ModelPreset preset
    )
    {
        (Start, Model, Processor, Adapter, _images) = (start, model, processor, adapter, images);
        Prompts = new PromptBuilder(model.Config, processor, preset);
    }

    /// <summary>The checkpoint folder that the run started from.</summary>
    public string Start { get; }

    public QwenVlModel Model { get; }

    public QwenVlProcessor Processor { get; }

    public PromptBuilder Prompts { get; }

    public PeftAdapter? Adapter { get; }

    /// <summary>Loads the model that a run starts or resumes with.</summary>
    /// <param name="settings">The model, and its trained parameters.</param>
    /// <param name="start">The checkpoint folder that the run started from.</param>
    /// <param name="checkpoint">The run's checkpoint to resume from; null for a new run.</param>
    /// <param name="seed">Seed of a new adapter.</param>
    /// <param name="images">How images are read and resized; the checkpoint's settings when null.</param>
    /// <param name="preset">How prompts look, and which state is the embedding; <see cref="ModelPreset.Rge"/> when null.</param>
    public static TrainableModel Load(
        ModelSettings settings,
        string start,
        string? checkpoint,
        long seed,
        ImageOptions? images = null,
        ModelPreset? preset = null
    )
    {
        var source = checkpoint is null || settings.Adapter is not null ? start : Path.Combine(checkpoint, ModelFolder);
        var processor = QwenVlProcessor.Load(source, images: images);
        var device = Device(settings);
        var model = QwenVlModel.Load(
            source,
            new QwenVlModelOptions
            {
                Writable = settings.Adapter is null,
                DType = DType(settings.Dtype),
                Device = device,
            }
        );
        PeftAdapter? adapter = null;
        try
        {
            if (model.Weights != WeightFormat.Dense)
                throw new CheckpointException($"{source} has weights of few bits: train the checkpoint that they were made from.");
            if (settings.Adapter is { } wanted)
            {
                adapter = checkpoint is null
                    ? NewAdapter(model, wanted, start, seed)
                    : PeftAdapter.Load(Path.Combine(checkpoint, AdapterFolder), ScalarType.Float32, device);
                model.Attach(adapter);
            }
            return new TrainableModel(start, model, processor, adapter, images ?? ImageOptions.Default, preset ?? ModelPreset.Rge);
        }
        catch
        {
            model.Dispose();
            adapter?.Dispose();
            throw;
        }
    }

    /// <summary>Loads a checkpoint's model as a run would, but for an adapter and for training.</summary>
    /// <param name="settings">Number type and device.</param>
    /// <param name="checkpoint">The checkpoint folder.</param>
    public static QwenVlModel LoadFrozen(ModelSettings settings, string checkpoint) =>
        QwenVlModel.Load(checkpoint, new QwenVlModelOptions { DType = DType(settings.Dtype), Device = Device(settings) });

    /// <summary>The device of the settings. Loads libtorch.</summary>
    /// <exception cref="TrainingException">There is no such GPU.</exception>
    public static Device Device(ModelSettings settings) =>
        DeviceNames.TryResolve(settings.Device, out var device, out var problem)
            ? device
            : throw new TrainingException($"model.device is {settings.Device}. {problem}");

    /// <summary>The trained parameters, with gradients enabled.</summary>
    public IReadOnlyList<TrainedParameter> Trained(ModelSettings settings, OptimizerSettings optimizer)
    {
        var all = Adapter is null
            ? Model.Trainable.Where(parameter =>
                !settings.FreezeVision || !parameter.Key.StartsWith("model.visual.", StringComparison.Ordinal)
            )
            : Adapter.Modules.SelectMany(module => Tensors(module.Key, module.Value));
        var trained = new List<TrainedParameter>();
        foreach (var (name, tensor) in all)
        {
            var group = Array.Find(optimizer.Groups, group => name.Contains(group.Match, StringComparison.Ordinal));
            if (group?.LearningRateScale == 0)
                continue;
            tensor.requires_grad_(true);
            trained.Add(
                new TrainedParameter(
                    name,
                    tensor,
                    group?.LearningRateScale ?? 1,
                    tensor.dim() < 2 ? 0 : group?.WeightDecay ?? optimizer.WeightDecay
                )
            );
        }
        return trained;
    }

    /// <summary>Writes everything that resuming a run needs.</summary>
    public void SaveState(string checkpoint)
    {
        if (Adapter is null)
            Save(Path.Combine(checkpoint, ModelFolder));
        else
            Adapter.Save(Path.Combine(checkpoint, AdapterFolder));
    }

    /// <summary>Writes the result: a checkpoint folder that loads anywhere, or the adapter alone.</summary>
    public void Save(string folder)
    {
        if (Adapter is not null)
            Adapter.Save(folder);
        else
        {
            Directory.CreateDirectory(folder);
            CheckpointFiles.CopyBeside(Start, folder);
            Model.Save(folder);
        }
        // An adapter's folder that has image settings of its own goes before those of its base.
        if (_images with { Truncated = default } != ImageOptions.Default)
            ImageProcessorConfig.Write(Start, folder, _images);
        // Over what the starting point brought along for a state that is not the embedding any more.
        if (Prompts.Preset != ModelPreset.Rge || File.Exists(Path.Combine(Start, ModelPreset.FileName)))
            Prompts.Preset.Save(folder);
    }

    /// <summary>How a model is called whose embedding is the state that the settings say.</summary>
    public static ModelPreset Preset(ObjectiveSettings objective) =>
        objective.Pooling == EmbeddedState.BeforeEmb ? ModelPreset.RgeBeforeEmb : ModelPreset.Rge;

    /// <summary>How a model writes self rationales while it is trained and measured.</summary>
    public static GenerationOptions Generation(ObjectiveSettings objective, QwenVlProcessor processor) =>
        new()
        {
            MaxRationaleTokens = objective.MaxRationaleTokens,
            DirectThreshold = objective.Gate.IsOn ? GateSettings.Threshold : null,
            BannedTokens = objective.BanSpecialTokens
                ? [.. processor.Tokenizer.SpecialTokens.Where(token => token.Key != PromptBuilder.EmbToken).Select(token => token.Value)]
                : [],
        };

    private static PeftAdapter NewAdapter(QwenVlModel model, AdapterSettings settings, string baseModel, long seed)
    {
        // The decoder's layers only: the tower's bear other names.
        var config = new AdapterConfig
        {
            Rank = settings.Rank,
            Alpha = settings.Alpha,
            RankStabilized = settings.RankStabilized,
            Dora = settings.Kind == AdapterKind.Dora,
            TargetModules = settings.Modules,
            TaskType = "CAUSAL_LM",
            BaseModel = baseModel,
        };
        try
        {
            return PeftAdapter.Create(config, model.Linears, (int)seed);
        }
        catch (ArgumentException e)
        {
            throw new TrainingException($"model.adapter.modules: {e.Message}", e);
        }
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Tensors(string module, Models.Layers.LowRankWeights weights)
    {
        yield return new($"{module}.lora_A", weights.A);
        yield return new($"{module}.lora_B", weights.B);
        if (weights.Magnitude is not null)
            yield return new($"{module}.magnitude", weights.Magnitude);
    }

    private static ScalarType? DType(string? name) =>
        name switch
        {
            "float32" => ScalarType.Float32,
            "bfloat16" => ScalarType.BFloat16,
            _ => null,
        };

    public void Dispose()
    {
        Model.Dispose();
        Adapter?.Dispose();
    }
}
