namespace Rge.Models.Layers;

/// <summary>
/// The tokens that a causal convolution sees before each token of a pass: each run is laid out after the last tokens of what comes before
/// it, so that a window is as many consecutive rows. Holds no native memory.
/// </summary>
internal sealed class CausalWindows
{
    public CausalWindows(IReadOnlyList<TokenRun> runs, int taps)
    {
        Taps = taps;
        var history = taps - 1;
        Roots = [.. Enumerable.Range(0, runs.Count).Where(run => runs[run].Parent < 0)];
        var carried = Roots.Length * history;
        var (sources, ends, rows) = (new List<long>(), new long[runs.Count][], new long[runs.Sum(run => run.Length)]);
        var root = 0;
        for (var r = 0; r < runs.Count; r++)
        {
            var (run, first) = (runs[r], sources.Count);
            sources.AddRange(run.Parent >= 0 ? ends[run.Parent] : Count(history * root++, history));
            sources.AddRange(Count(carried + run.Start, run.Length));
            ends[r] = [.. sources[^history..]];
            for (var t = 0; t < run.Length; t++)
                rows[run.Start + t] = first + t;
        }
        (Sources, Rows, Ends) = ([.. sources], rows, ends);
        IsInOrder = sources.Select((source, i) => source == i).All(same => same);

        static IEnumerable<long> Count(long from, int count) => Enumerable.Range(0, count).Select(i => from + i);
    }

    /// <summary>Tokens of a window, the current one included.</summary>
    public int Taps { get; }

    /// <summary>The runs that nothing in the pass comes before, ascending.</summary>
    public int[] Roots { get; }

    /// <summary>
    /// What each row of the layout holds: a row of the <c>Taps − 1</c> carried ones of each of <see cref="Roots"/>, oldest first, and of
    /// the N tokens after them.
    /// </summary>
    public long[] Sources { get; }

    /// <summary>True where the layout is the carried rows and the tokens as they are.</summary>
    public bool IsInOrder { get; }

    /// <summary>The row of the layout with which the window of each token begins, <c>[N]</c>.</summary>
    public long[] Rows { get; }

    /// <summary>What each run leaves to be carried, oldest first: <c>Taps − 1</c> numbers as in <see cref="Sources"/>.</summary>
    public long[][] Ends { get; }
}
