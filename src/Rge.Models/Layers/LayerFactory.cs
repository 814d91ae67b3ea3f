using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Makes layers from a model's parameters by their Hugging Face names, and remembers the linear ones for adapters.</summary>
internal sealed class LayerFactory(IReadOnlyDictionary<string, Tensor> parameters)
{
    private readonly Dictionary<string, Linear> _linears = new(StringComparer.Ordinal);

    /// <summary>Every linear layer made so far, by module name.</summary>
    public IReadOnlyDictionary<string, Linear> Linears => _linears;

    public Tensor Parameter(string name) => parameters[name];

    public Linear Linear(string module)
    {
        var linear = new Linear(module, parameters[module + ".weight"], parameters.GetValueOrDefault(module + ".bias"));
        _linears.Add(module, linear);
        return linear;
    }

    public INorm RmsNorm(string module, double epsilon) => new RmsNorm(parameters[module + ".weight"], epsilon);

    public INorm LayerNorm(string module, double epsilon) => new LayerNorm(parameters[module + ".weight"], parameters[module + ".bias"], epsilon);
}
