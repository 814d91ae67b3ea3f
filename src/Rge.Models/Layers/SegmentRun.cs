namespace Rge.Models.Layers;

/// <summary>Neighbouring attention segments of equal length among the packed patches.</summary>
/// <param name="Start">First patch.</param>
/// <param name="Length">Patches in each segment.</param>
/// <param name="Count">Number of segments.</param>
internal readonly record struct SegmentRun(int Start, int Length, int Count)
{
    /// <summary>Groups segment lengths, in order, into runs of equal ones.</summary>
    public static IReadOnlyList<SegmentRun> Group(IEnumerable<int> lengths)
    {
        var runs = new List<SegmentRun>();
        var start = 0;
        foreach (var length in lengths)
        {
            if (runs.Count > 0 && runs[^1].Length == length)
                runs[^1] = runs[^1] with { Count = runs[^1].Count + 1 };
            else
                runs.Add(new SegmentRun(start, length, 1));
            start += length;
        }
        return runs;
    }
}
