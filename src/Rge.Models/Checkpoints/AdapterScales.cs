using System.Text.RegularExpressions;

namespace Rge.Models.Checkpoints;

/// <summary>Ranks and scales that a configuration gives to modules.</summary>
/// <remarks>
/// A key of <c>rank_pattern</c> or <c>alpha_pattern</c> is a regular expression that fits a module's whole name or what follows one of its
/// dots; the first that fits counts. That is how PEFT reads them.
/// </remarks>
internal sealed class AdapterScales
{
    private const int MaxPatterns = 2000,
        MaxPatternLength = 1000;

    private readonly AdapterConfig _config;
    private readonly List<(Regex Pattern, double Value)> _ranks;
    private readonly List<(Regex Pattern, double Value)> _alphas;

    /// <exception cref="ArgumentException">A key is no regular expression, or one that cannot be matched in linear time.</exception>
    public AdapterScales(AdapterConfig config)
    {
        _config = config;
        _ranks = Compile(config.RankPattern);
        _alphas = Compile(config.AlphaPattern);
    }

    /// <param name="module">Name of the module, old or canonical: patterns may be written for either.</param>
    public (int Rank, double Scale) Of(string module)
    {
        var rank = (int)(Find(_ranks, module) ?? _config.Rank);
        return (rank, (Find(_alphas, module) ?? _config.Alpha) / (_config.RankStabilized ? Math.Sqrt(rank) : rank));
    }

    private static double? Find(List<(Regex Pattern, double Value)> patterns, string module)
    {
        if (patterns.Count == 0)
            return null;
        string canonical = WeightNames.Canonical(module),
            old = WeightNames.As(module, WeightNaming.Old);
        foreach (var (pattern, value) in patterns)
            if (pattern.IsMatch(canonical) || pattern.IsMatch(old))
                return value;
        return null;
    }

    private static List<(Regex, double)> Compile(IReadOnlyDictionary<string, double> patterns)
    {
        if (patterns.Count > MaxPatterns)
            throw new ArgumentException($"There are {patterns.Count} patterns, expected at most {MaxPatterns}.", nameof(patterns));
        var compiled = new List<(Regex, double)>();
        foreach (var (pattern, value) in patterns)
        {
            if (pattern.Length > MaxPatternLength)
                throw new ArgumentException(
                    $"A pattern has {pattern.Length} characters, expected at most {MaxPatternLength}.",
                    nameof(patterns)
                );
            try
            {
                // Without backtracking no pattern of a stranger's file can keep us busy.
                compiled.Add((new Regex($@"^(.*\.)?({pattern})$", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant), value));
            }
            catch (Exception e) when (e is ArgumentException or NotSupportedException)
            {
                throw new ArgumentException($"The pattern {pattern} cannot be used: {e.Message}", nameof(patterns), e);
            }
        }
        return compiled;
    }
}
