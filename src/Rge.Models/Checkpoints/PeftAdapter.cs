using Rge.Files;
using Rge.Models.Layers;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Checkpoints;

/// <summary>
/// A LoRA or DoRA adapter in PEFT's layout: a folder with <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>. Modules go by
/// their canonical names, whichever naming the files use.
/// </summary>
/// <remarks>Owns its tensors. Immutable, but for what is done to the tensors.</remarks>
public sealed class PeftAdapter : IDisposable
{
    /// <summary>File name of the configuration.</summary>
    public const string ConfigFile = "adapter_config.json";

    /// <summary>File name of the tensors.</summary>
    public const string WeightsFile = "adapter_model.safetensors";

    /// <summary>What PEFT puts before the base model's names, and after them.</summary>
    internal const string Prefix = "base_model.model.",
        A = "lora_A.weight",
        B = "lora_B.weight",
        Magnitude = "lora_magnitude_vector";

    private readonly Dictionary<string, LowRankWeights> _modules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tensor> _fullParameters = new(StringComparer.Ordinal);

    /// <summary>Makes an adapter of weights, which it takes over.</summary>
    /// <param name="config">The configuration; weights have the ranks and scales that it gives them.</param>
    /// <param name="modules">Weights by the module's name, old or canonical.</param>
    /// <param name="fullParameters">Parameters that are replaced as a whole, by name.</param>
    /// <param name="naming">The naming to save with.</param>
    /// <exception cref="ArgumentException">Weights do not fit the configuration, or a name occurs twice.</exception>
    public PeftAdapter(
        AdapterConfig config,
        IReadOnlyDictionary<string, LowRankWeights> modules,
        IReadOnlyDictionary<string, Tensor>? fullParameters = null,
        WeightNaming naming = WeightNaming.New
    )
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(modules);
        (Config, Naming) = (config, naming);
        var scales = new AdapterScales(config);
        foreach (var (module, weights) in modules)
        {
            var (rank, scale) = scales.Of(module);
            if (
                weights.Rank != rank
                || Math.Abs(weights.Scale - scale) > 1e-6 * Math.Abs(scale)
                || weights.Magnitude is null == config.Dora
            )
                throw new ArgumentException(
                    $"{module} has rank {weights.Rank}, scale {weights.Scale} and "
                        + $"{(weights.Magnitude is null ? "no " : "")}magnitudes, which its configuration does not give it.",
                    nameof(modules)
                );
            _modules.Add(WeightNames.Canonical(module), weights);
        }
        if (fullParameters is null)
            return;
        foreach (var (name, tensor) in fullParameters)
            _fullParameters.Add(WeightNames.Canonical(name), tensor);
    }

    /// <summary>The configuration.</summary>
    public AdapterConfig Config { get; }

    /// <summary>The folder it was loaded from as messages name it, with a space before it.</summary>
    internal string Named { get; init; } = "";

    /// <summary>The naming that its files use.</summary>
    public WeightNaming Naming { get; }

    /// <summary>Weights by canonical module name, for example <c>model.language_model.layers.0.mlp.up_proj</c>. Borrowed.</summary>
    public IReadOnlyDictionary<string, LowRankWeights> Modules => _modules;

    /// <summary>
    /// Parameters that are replaced as a whole (<c>modules_to_save</c>, and embeddings that were saved along), by canonical name. Borrowed.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> FullParameters => _fullParameters;

    /// <summary>
    /// Makes an adapter that changes nothing yet, as PEFT begins one: A uniform within ±1/√in, B zero, magnitudes the lengths of the
    /// weights' rows. Float32, on the layers' device.
    /// </summary>
    /// <param name="config"> The configuration. <see cref="AdapterConfig.TargetModules"/> says which layers are adapted by the ends of
    /// their names, such as <c>q_proj</c>; <c>all-linear</c> means all. <see cref="AdapterConfig.TargetPattern"/> may be that word too, or
    /// an expression for whole names.
    /// </param>
    /// <param name="linears">The model's linear layers, <see cref="QwenVlModel.Linears"/>.</param>
    /// <param name="seed">Seed of A.</param>
    /// <param name="naming">The naming to save with.</param>
    /// <returns>The adapter, with tensors that belong to no dispose scope and do not yet ask for a gradient; the caller disposes.</returns>
    /// <exception cref="ArgumentException">The configuration names no layer of the model, or a pattern of it cannot be used.</exception>
    public static PeftAdapter Create(
        AdapterConfig config,
        IReadOnlyDictionary<string, Linear> linears,
        int seed,
        WeightNaming naming = WeightNaming.New
    )
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(linears);
        var (targets, scales) = (new AdapterTargets(config), new AdapterScales(config));
        var chosen = linears.Where(linear => targets.Include(linear.Key)).ToArray();
        if (chosen.Length == 0)
            throw new ArgumentException(
                "No linear layer has a name that the configuration gives: "
                    + $"{config.TargetPattern ?? string.Join(", ", config.TargetModules)}.",
                nameof(config)
            );
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        var modules = chosen.ToDictionary(linear => linear.Key, linear => Fresh(linear.Key, linear.Value.Weight), StringComparer.Ordinal);
        // Only now, so that all of them are freed if one cannot be made.
        foreach (var weights in modules.Values)
        {
            weights.A.DetachFromDisposeScope();
            weights.B.DetachFromDisposeScope();
            weights.Magnitude?.DetachFromDisposeScope();
        }
        return new PeftAdapter(config, modules, naming: naming);

        LowRankWeights Fresh(string module, LinearWeight weight)
        {
            var (rank, scale) = scales.Of(module);
            long outputs = weight.Outputs,
                inputs = weight.Inputs;
            // On the CPU whatever the device, so that a seed gives the same adapter everywhere.
            var a = rand([rank, inputs], ScalarType.Float32, generator: generator).Times(2).Plus(-1).Over(Math.Sqrt(inputs));
            var magnitude = config.Dora ? weight.RowNorms() : null;
            return new LowRankWeights(a.to(weight.Device), zeros([outputs, rank], ScalarType.Float32, weight.Device), scale, magnitude);
        }
    }

    /// <summary>Loads an adapter's folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="dtype">Number type of the tensors; <see langword="null"/> keeps the stored one.</param>
    /// <param name="device">Where they lie; <see langword="null"/> is the CPU.</param>
    /// <returns>The adapter, with tensors that belong to no dispose scope; the caller disposes.</returns>
    /// <exception cref="CheckpointException"> A file cannot be read, a tensor is missing or misshapen, or the adapter is of a kind whose
    /// forward pass is another than LoRA's or DoRA's.
    /// </exception>
    public static PeftAdapter Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var configPath = Path.Combine(folder, ConfigFile);
        RefuseForeign(folder);
        var config = AdapterConfig.Load(configPath);
        AdapterScales scales;
        try
        {
            scales = new AdapterScales(config);
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException($"{configPath}: {e.Message}", e);
        }
        using var file = SafetensorsFile.Open(Path.Combine(folder, WeightsFile));
        return new AdapterReader(file, config, scales, dtype, device).ReadAll(folder);
    }

    /// <summary>Says what a folder is that is no adapter's.</summary>
    private static void RefuseForeign(string folder)
    {
        if (!Directory.Exists(folder))
            throw new CheckpointException($"The adapter's folder {folder} does not exist.");
        var (config, weights) = (Path.Combine(folder, ConfigFile), Path.Combine(folder, WeightsFile));
        if (!File.Exists(config))
        {
            // Where PEFT puts an adapter that has another name than "default".
            var below = Directory
                .EnumerateDirectories(folder)
                .Where(inner => File.Exists(Path.Combine(inner, ConfigFile)))
                .Order(StringComparer.Ordinal)
                .ToArray();
            throw new CheckpointException(
                below.Length > 0
                    ? $"{folder} has no {ConfigFile}, but {string.Join(", ", below.Take(3))} has: give the folder of one adapter."
                    : $"{folder} is no adapter: it has no {ConfigFile}."
            );
        }
        if (!File.Exists(weights) && File.Exists(Path.ChangeExtension(weights, ".bin")))
            throw new CheckpointException(
                $"{Path.ChangeExtension(weights, ".bin")} is in PyTorch's own format (pickle), which is not read: save the adapter "
                    + $"with PEFT as {WeightsFile}."
            );
    }

    /// <summary>Checks that the adapter fits a model.</summary>
    /// <param name="layout">Shapes of the model's parameters by canonical name, as <see cref="ParameterLayout.Create"/> gives them.</param>
    /// <exception cref="CheckpointException">The model lacks a module or parameter, or has it in another shape.</exception>
    public void Require(IReadOnlyDictionary<string, long[]> layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        foreach (var (module, weights) in _modules)
            Check(module + ".weight", [weights.B.shape[0], weights.A.shape[1]]);
        foreach (var (name, tensor) in _fullParameters)
            Check(name, tensor.shape);

        void Check(string name, long[] shape)
        {
            if (!layout.TryGetValue(name, out var expected))
                throw new CheckpointException(
                    $"The adapter{Named} changes {name}, which the model does not have: adapter and model do not belong together."
                );
            if (!expected.AsSpan().SequenceEqual(shape))
                throw new CheckpointException(
                    $"The adapter{Named} changes {name} as [{string.Join(", ", shape)}], the model has [{string.Join(", ", expected)}]."
                );
        }
    }

    /// <summary>Writes the adapter into a folder, creating it if need be, so that PEFT loads it.</summary>
    /// <remarks>
    /// Each file is written completely or not at all. An adapter that is replaced by one of the same configuration is there at every
    /// moment, old or new; with another configuration there is none for the time of writing, rather than tensors under the wrong scale.
    /// </remarks>
    /// <exception cref="CheckpointException">The folder cannot be written.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var configPath = Path.Combine(folder, ConfigFile);
        var config = Config.ToJson(_modules.Keys.Select(Stored));
        try
        {
            Directory.CreateDirectory(folder);
            if (File.Exists(configPath) && FileReader.ReadText(configPath) != config)
                File.Delete(configPath);
            SafetensorsWriter.Write(
                Path.Combine(folder, WeightsFile),
                NamedTensors(),
                new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" }
            );
            AtomicFile.WriteText(configPath, config);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"The adapter {folder} cannot be written: {FileProblem.Of(folder, e)}.", e);
        }
    }

    private IEnumerable<KeyValuePair<string, Tensor>> NamedTensors()
    {
        foreach (var (module, weights) in _modules)
        {
            var prefix = $"{Prefix}{Stored(module)}.";
            yield return new(prefix + A, weights.A);
            yield return new(prefix + B, weights.B);
            if (weights.Magnitude is not null)
                yield return new(prefix + Magnitude, weights.Magnitude);
        }
        foreach (var (name, tensor) in _fullParameters)
            yield return new(Prefix + Stored(name), tensor);
    }

    private string Stored(string canonical) => WeightNames.As(canonical, Naming);

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (var weights in _modules.Values)
            weights.Dispose();
        foreach (var tensor in _fullParameters.Values)
            tensor.Dispose();
    }
}
