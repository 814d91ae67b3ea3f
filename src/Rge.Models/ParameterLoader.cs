using Rge.Models.Checkpoints;
using Rge.Models.Configuration;
using Rge.Models.Layers;
using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>Loads the parameters that a plan lists, each in the form that the options ask for.</summary>
internal sealed class ParameterLoader
{
    private const string Weight = ".weight";

    private readonly WeightPlan _plan;
    private readonly PeftAdapter? _adapter;
    private readonly QwenVlModelOptions _options;
    private readonly ScalarType _dtype;
    private readonly IReadOnlySet<string> _float32,
        _roundable;

    /// <param name="plan">Where each parameter comes from.</param>
    /// <param name="adapter">The adapter of the plan.</param>
    /// <param name="options">The options.</param>
    /// <param name="dtype">Number type of the model.</param>
    public ParameterLoader(WeightPlan plan, PeftAdapter? adapter, QwenVlModelOptions options, ScalarType dtype)
    {
        (_plan, _adapter, _options, _dtype) = (plan, adapter, options, dtype);
        _float32 = ParameterLayout.Float32Names(plan.Config);
        _roundable = ParameterLayout.Roundable(plan.Config);
    }

    /// <summary>
    /// Modules whose part of the adapter was not merged, because their weights stay in the few bits that they are stored in.
    /// </summary>
    public HashSet<string> Unmerged { get; } = new(StringComparer.Ordinal);

    /// <summary>Loads all of them into a dictionary, which holds what was loaded when this throws.</summary>
    public void Load(IDictionary<string, Tensor> parameters, IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        var loaded = 0;
        foreach (var name in _plan.Layout.Keys)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (FewBits(name) is { } tensors)
                foreach (var (suffix, tensor) in tensors.Parts)
                    parameters.Add(name + suffix, tensor.DetachFromDisposeScope());
            else
                parameters.Add(name, Numbers(name).DetachFromDisposeScope());
            progress?.Report(new LoadProgress { Loaded = ++loaded, Total = _plan.Layout.Count });
        }
    }

    private Tensor Numbers(string name) =>
        _plan.Read(name, _float32.Contains(name) ? ScalarType.Float32 : _dtype, _options.Device ?? CPU, _options.Writable);

    private QuantizedTensors? FewBits(string name)
    {
        if (_options.Weights == WeightFormat.Dense || !_roundable.Contains(name))
            return null;
        var isAdapted = _adapter?.Modules.ContainsKey(name[..^Weight.Length]) == true;
        if (_plan.StoredFormat(name) is { } stored && (_options.Weights is null || (stored == _options.Weights && !isAdapted)))
        {
            if (isAdapted)
                Unmerged.Add(name[..^Weight.Length]);
            return _plan.ReadStored(name);
        }
        return _options.Weights is { } wanted ? _plan.ReadRounded(name, wanted) : null;
    }
}
