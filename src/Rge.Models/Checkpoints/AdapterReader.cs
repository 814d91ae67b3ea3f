using Rge.Models.Layers;
using static TorchSharp.torch;

namespace Rge.Models.Checkpoints;

/// <summary>Sorts the tensors of an adapter's file by module and reads them.</summary>
internal sealed class AdapterReader
{
    private const int MaxModules = 20_000;

    private readonly SafetensorsFile _file;
    private readonly AdapterConfig _config;
    private readonly AdapterScales _scales;
    private readonly ScalarType? _dtype;
    private readonly Device? _device;

    /// <summary>Names in the file by canonical module and part: A, B or magnitude.</summary>
    private readonly Dictionary<(string Module, string Part), string> _parts = [];

    /// <summary>Names in the file by canonical name of the parameter that is replaced.</summary>
    private readonly Dictionary<string, string> _fullParameters = new(StringComparer.Ordinal);

    private WeightNaming _naming = WeightNaming.New;

    /// <summary>The adapter's own name as names in the file have it; null where none does, as PEFT saves.</summary>
    private string? _adapter;

    public AdapterReader(SafetensorsFile file, AdapterConfig config, AdapterScales scales, ScalarType? dtype, Device? device)
    {
        (_file, _config, _scales, _dtype, _device) = (file, config, scales, dtype, device);
        foreach (var name in file.Names)
            Sort(name);
    }

    /// <param name="folder">What messages call the adapter.</param>
    public PeftAdapter ReadAll(string folder)
    {
        var modules = new Dictionary<string, LowRankWeights>(StringComparer.Ordinal);
        var fullParameters = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var names = _parts.Keys.Select(p => p.Module).Distinct(StringComparer.Ordinal).ToList();
        if (names.Count > MaxModules)
            throw new CheckpointException($"{_file.Path} has {names.Count} modules, expected at most {MaxModules}.");
        try
        {
            foreach (var module in names)
                modules.Add(module, ReadModule(module));
            foreach (var (name, stored) in _fullParameters)
                fullParameters.Add(name, Read(stored));
            return new PeftAdapter(_config, modules, fullParameters, _naming) { Named = " " + folder };
        }
        catch
        {
            foreach (var weights in modules.Values)
                weights.Dispose();
            foreach (var tensor in fullParameters.Values)
                tensor.Dispose();
            throw;
        }
    }

    private void Sort(string stored)
    {
        // Without PEFT's prefix where only the model's state was saved.
        var name = stored.StartsWith(PeftAdapter.Prefix, StringComparison.Ordinal) ? stored[PeftAdapter.Prefix.Length..] : stored;
        if (WeightNames.IsOld(name))
            _naming = WeightNaming.Old;
        var dot = name.LastIndexOf(".lora_", StringComparison.Ordinal);
        bool added;
        if (dot >= 0)
        {
            // The adapter's own name, "default" or another, is inside when a model's state was saved without PEFT.
            var part = name[(dot + 1)..].Split('.') switch
            {
                ["lora_A", "weight"] => PeftAdapter.A,
                ["lora_B", "weight"] => PeftAdapter.B,
                ["lora_A", var adapter, "weight"] => Of(adapter, PeftAdapter.A, stored),
                ["lora_B", var adapter, "weight"] => Of(adapter, PeftAdapter.B, stored),
                ["lora_magnitude_vector"] or ["lora_magnitude_vector", "weight"] => PeftAdapter.Magnitude,
                ["lora_magnitude_vector", var adapter] => Of(adapter, PeftAdapter.Magnitude, stored),
                ["lora_magnitude_vector", var adapter, "weight"] => Of(adapter, PeftAdapter.Magnitude, stored),
                ["lora_embedding_A" or "lora_embedding_B", ..] => throw Error(
                    stored,
                    "is of a kind that is not supported, LoRA on the token embedding: merge the adapter with PEFT (merge_and_unload) "
                        + "and take the merged model"
                ),
                _ => throw Error(
                    stored,
                    "is of a kind that is not supported, expected lora_A.weight, lora_B.weight or lora_magnitude_vector"
                ),
            };
            added = _parts.TryAdd((WeightNames.Canonical(name[..dot]), part), stored);
        }
        else
        {
            if (!name.EndsWith(".weight", StringComparison.Ordinal) && !name.EndsWith(".bias", StringComparison.Ordinal))
                throw Error(stored, "is neither a part of LoRA nor a weight or bias that is saved as a whole");
            name = WithoutAdapter(name, stored);
            added = _fullParameters.TryAdd(WeightNames.Canonical(name), stored);
        }
        if (!added)
            throw Error(stored, "occurs twice, under two names");
    }

    /// <summary>The name without <c>.modules_to_save</c> and the adapter's own name behind it.</summary>
    private string WithoutAdapter(string name, string stored)
    {
        const string Saved = ".modules_to_save.";
        var at = name.IndexOf(Saved, StringComparison.Ordinal);
        if (at < 0)
            return name;
        var rest = name[(at + Saved.Length)..].Split('.', 2);
        return name[..at] + "." + (rest is [var adapter, var parameter] ? Of(adapter, parameter, stored) : rest[0]);
    }

    /// <summary>The part, of the one adapter that the file holds.</summary>
    private string Of(string adapter, string part, string stored) =>
        (_adapter ??= adapter) == adapter
            ? part
            : throw Error(stored, $"is of an adapter called {adapter}, beside one called {_adapter}; expected a file of one adapter");

    private LowRankWeights ReadModule(string module)
    {
        var (rank, scale) = _scales.Of(module);
        string a = Part(PeftAdapter.A),
            b = Part(PeftAdapter.B);
        var magnitude = _config.Dora ? Part(PeftAdapter.Magnitude) : null;
        if (!_config.Dora && _parts.TryGetValue((module, PeftAdapter.Magnitude), out var surplus))
            throw Error(surplus, "is not expected: use_dora is false");
        if (_file.Entry(a).Shape is not [var r, _] || r != rank)
            throw Misshapen(a, $"[{rank}, in]");
        if (_file.Entry(b).Shape is not [var outputs, var columns] || columns != rank)
            throw Misshapen(b, $"[out, {rank}]");
        if (magnitude is not null && (_file.Entry(magnitude).Shape is not [var length] || length != outputs))
            throw Misshapen(magnitude, $"[{outputs}]");

        var tensors = new List<Tensor>();
        try
        {
            foreach (var name in new[] { a, b, magnitude })
                if (name is not null)
                    tensors.Add(Read(name));
            return new LowRankWeights(tensors[0], tensors[1], scale, tensors.ElementAtOrDefault(2));
        }
        catch
        {
            foreach (var tensor in tensors)
                tensor.Dispose();
            throw;
        }

        string Part(string part) =>
            _parts.TryGetValue((module, part), out var stored)
                ? stored
                : throw new CheckpointException($"{_file.Path}: module {module} has no {part}.");
    }

    private Tensor Read(string stored)
    {
        if (_file.Entry(stored).DType is not (ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16))
            throw Error(stored, $"is {_file.Entry(stored).DType}, expected floating point numbers");
        return _file.Read(stored, _dtype, _device).DetachFromDisposeScope();
    }

    private CheckpointException Misshapen(string stored, string expected) =>
        Error(stored, $"has shape [{string.Join(", ", _file.Entry(stored).Shape)}], expected {expected}");

    private CheckpointException Error(string stored, string problem) => new($"{_file.Path}: tensor {stored} {problem}.");
}
