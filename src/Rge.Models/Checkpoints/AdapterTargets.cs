using System.Text.RegularExpressions;

namespace Rge.Models.Checkpoints;

/// <summary>The modules that a configuration names for adaptation, as PEFT reads it.</summary>
internal sealed class AdapterTargets
{
    /// <summary>PEFT's word for every linear layer but the output projection.</summary>
    public const string AllLinear = "all-linear";

    private readonly AdapterConfig _config;
    private readonly Regex? _pattern;

    /// <exception cref="ArgumentException">The configuration names no module, or its expression cannot be matched in linear
    /// time.</exception>
    public AdapterTargets(AdapterConfig config)
    {
        _config = config;
        if (config.TargetPattern is null && config.TargetModules.Count == 0)
            throw new ArgumentException(
                $"The configuration names no target modules; expected name endings, such as q_proj, or {AllLinear}.",
                nameof(config)
            );
        if (config.TargetPattern is null or AllLinear)
            return;
        try
        {
            // A string that is not the word above is an expression for the whole name.
            _pattern = new Regex($"^(?:{config.TargetPattern})$", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new ArgumentException($"The pattern {config.TargetPattern} cannot be used: {e.Message}", nameof(config), e);
        }
    }

    /// <summary>Whether a linear layer is named.</summary>
    /// <param name="module">Its name, old or canonical: either form may be meant.</param>
    public bool Include(string module)
    {
        if (_config.TargetPattern == AllLinear || _config.TargetModules is [AllLinear])
            return true;
        string canonical = WeightNames.Canonical(module),
            old = WeightNames.As(module, WeightNaming.Old);
        return _pattern is not null
            ? _pattern.IsMatch(canonical) || _pattern.IsMatch(old)
            : _config.TargetModules.Any(end => Ends(canonical, end) || Ends(old, end));
    }

    private static bool Ends(string name, string end) => name == end || name.EndsWith("." + end, StringComparison.Ordinal);
}
