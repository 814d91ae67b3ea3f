using Rge.Reports;
using Rge.Training.RunFiles;

namespace Rge.Training.Experiments;

/// <summary>The progress of an experiment's variants on the development set: a line a variant, its seeds faintly behind.</summary>
internal static class DevelopmentCharts
{
    /// <param name="variants">The variants, in order.</param>
    /// <param name="runs">The measurements of their runs.</param>
    public static IEnumerable<LineChart> Create(string[] variants, ILookup<string, DevelopmentScore[]> runs)
    {
        yield return Chart("hit@1 on the development set, %", "step", score => score.Step, score => score.Average);
        yield return Chart("hit@1 on the development set, %", "minutes of training", score => score.Seconds / 60, score => score.Average);
        yield return Chart(
            "Right conclusions on the development set, %",
            "step",
            score => score.Step,
            score => score.RightConclusions ?? double.NaN
        );

        LineChart Chart(string title, string horizontal, Func<DevelopmentScore, double> x, Func<DevelopmentScore, double> y) =>
            new()
            {
                Title = $"{title}, by {horizontal}",
                Horizontal = horizontal,
                FromZero = true,
                Series = [.. variants.Select(variant => Series(variant, [.. runs[variant]], x, y))],
            };
    }

    private static ChartSeries Series(
        string name,
        DevelopmentScore[][] runs,
        Func<DevelopmentScore, double> x,
        Func<DevelopmentScore, double> y
    )
    {
        // The mean over runs at each step, in both directions.
        var steps = runs.SelectMany(run => run).GroupBy(score => score.Step).OrderBy(group => group.Key);
        return new ChartSeries(name, [.. steps.Select(step => new ChartPoint(step.Average(x), step.Average(y)))])
        {
            HasDots = true,
            Behind = runs.Length < 2 ? [] : [.. runs.Select(run => run.Select(score => new ChartPoint(x(score), y(score))).ToArray())],
        };
    }
}
