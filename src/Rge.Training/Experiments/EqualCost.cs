using Rge.Reports;
using Rge.Training.RunFiles;

namespace Rge.Training.Experiments;

/// <summary>How far every variant was on the development set when the first of them was done.</summary>
/// <param name="Cost">What is equal: steps, or seconds of training.</param>
/// <param name="Limit">How many of them the first variant took.</param>
/// <param name="Variants">The variants, each where its runs were at the measurement nearest to <paramref name="Limit"/>.</param>
internal sealed record EqualCost(string Cost, double Limit, IReadOnlyList<EqualCostRow> Variants)
{
    /// <summary>The name of <see cref="Cost"/> for time.</summary>
    public const string Seconds = "seconds of training";

    /// <summary>The name of <see cref="Cost"/> for steps.</summary>
    public const string Steps = "steps";

    /// <summary>Compares variants.</summary>
    /// <param name="cost">The cost at which variants are compared.</param>
    /// <param name="variants">Each variant with the measurements of its runs, one array a run.</param>
    /// <param name="groups">The meta-tasks.</param>
    /// <param name="of">The cost up to a measurement.</param>
    public static EqualCost Compute(
        string cost,
        IReadOnlyList<(string Name, DevelopmentScore[][] Runs)> variants,
        IReadOnlyList<string> groups,
        Func<DevelopmentScore, double> of
    )
    {
        var limit = variants.Count == 0 ? 0 : variants.Min(variant => variant.Runs.Average(run => of(run[^1])));
        return new EqualCost(
            cost,
            limit,
            [
                .. variants.Select(variant =>
                {
                    DevelopmentScore[] then = [.. variant.Runs.Select(run => run.MinBy(score => Math.Abs(of(score) - limit))!)];
                    return new EqualCostRow
                    {
                        Variant = variant.Name,
                        Steps = Spread.From(then.Select(score => (double)score.Step)),
                        Seconds = Spread.From(then.Select(score => score.Seconds)),
                        Groups = groups.ToDictionary(
                            group => group,
                            group => Spread.From(then.Select(score => score.Group(group)).OfType<double>()),
                            StringComparer.Ordinal
                        ),
                        Average = Spread.From(then.Select(score => score.Average)),
                    };
                }),
            ]
        );
    }
}
