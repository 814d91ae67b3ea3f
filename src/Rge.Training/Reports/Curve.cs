using Rge.Reports;

namespace Rge.Training.Reports;

/// <summary>Makes lines that can be read out of thousands of noisy numbers.</summary>
internal static class Curve
{
    private const int Buckets = 150;

    /// <summary>
    /// Means of each point and its neighbours, as many on either side, so that the line does not lag; those of another stretch are not
    /// among them.
    /// </summary>
    /// <param name="points">The points, from left to right.</param>
    /// <param name="reach">Maximum number of neighbours on either side; at the ends of a stretch there are fewer.</param>
    /// <param name="starts">Where stretches begin, in ascending order; the line is broken there.</param>
    public static List<ChartPoint> Smooth(IReadOnlyList<ChartPoint> points, int reach, IReadOnlyList<double> starts)
    {
        var smooth = new List<ChartPoint>(points.Count);
        foreach (var stretch in points.GroupBy(point => starts.Count(start => start <= point.X)).Select(group => group.ToArray()))
        {
            if (smooth.Count > 0)
                smooth.Add(new ChartPoint(stretch[0].X - 0.5, double.NaN));
            var sums = new double[stretch.Length + 1];
            for (var i = 0; i < stretch.Length; i++)
                sums[i + 1] = sums[i] + stretch[i].Y;
            for (var i = 0; i < stretch.Length; i++)
            {
                var side = Math.Min(reach, Math.Min(i, stretch.Length - 1 - i));
                smooth.Add(stretch[i] with { Y = (sums[i + side + 1] - sums[i - side]) / (2 * side + 1) });
            }
        }
        return smooth;
    }

    /// <summary>A few hundred of the points: of each stretch the lowest and the highest, so that the line keeps its range.</summary>
    public static IReadOnlyList<ChartPoint> Thin(IReadOnlyList<ChartPoint> points)
    {
        if (points.Count <= 2 * Buckets)
            return points;
        var size = (points.Count + Buckets - 1) / Buckets;
        return [.. points.Chunk(size).SelectMany(bucket => Ends(bucket).Distinct().OrderBy(point => point.X))];

        // A gap stays a gap.
        static IEnumerable<ChartPoint> Ends(ChartPoint[] bucket)
        {
            var known = bucket.Where(point => double.IsFinite(point.Y)).ToArray();
            if (known.Length > 0)
                yield return known.MinBy(point => point.Y);
            if (known.Length > 0)
                yield return known.MaxBy(point => point.Y);
            if (known.Length < bucket.Length)
                yield return Array.Find(bucket, point => !double.IsFinite(point.Y));
        }
    }
}
