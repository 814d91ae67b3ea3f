using System.Numerics;

namespace Rge.Models.Layers;

/// <summary>
/// Runs of tokens cut into chunks of one size, so that a recurrence computes within all of them at once and walks from chunk to chunk
/// instead of from token to token. Holds no native memory.
/// </summary>
/// <remarks>
/// Chunks are ordered by level: the number of chunks before them in their sequence, over all runs above. Those of a level depend on those
/// of the level before and on no other, so each level is one call however many sequences there are.
/// </remarks>
internal sealed class RunChunks
{
    /// <summary>Tokens of a chunk at most: longer ones need fewer calls, but more work within.</summary>
    public const int MaxSize = 64;

    /// <summary>Places of levels that are prepared together; bounds the memory of a long prompt.</summary>
    private const int BlockPlaces = 2048;

    public RunChunks(IReadOnlyList<TokenRun> runs)
    {
        Size = (int)Math.Min(MaxSize, BitOperations.RoundUpToPowerOf2((uint)runs.Max(run => run.Length)));
        var byLevel = AssignLevels(runs, Size);
        var chunks = byLevel.Sum(level => level.Count);
        (Tokens, Places) = (new long[chunks * Size], new long[runs.Sum(run => run.Length)]);
        Tokens.AsSpan().Fill(-1);
        var levels = new List<Level>();
        // By run, the place within its level of the latest chunk.
        var latest = new long[runs.Count];
        foreach (var level in byLevel)
            levels.Add(Place(level, runs, latest, first: levels.Sum(other => other.Count)));
        Blocks = GroupLevels(levels);
    }

    /// <summary>Places of a chunk: a power of two.</summary>
    public int Size { get; }

    /// <summary>The token of each place of each chunk, −1 where the run has ended: <c>[chunks · Size]</c>.</summary>
    public long[] Tokens { get; }

    /// <summary>The place of each token, <c>[N]</c>.</summary>
    public long[] Places { get; }

    /// <summary>The levels in order, in groups of a bounded number of places.</summary>
    public IReadOnlyList<Level[]> Blocks { get; }

    private static List<List<(int Run, int Part)>> AssignLevels(IReadOnlyList<TokenRun> runs, int size)
    {
        var levels = new List<List<(int Run, int Part)>>();
        var after = new int[runs.Count];
        for (var r = 0; r < runs.Count; r++)
        {
            var level = runs[r].Parent >= 0 ? after[runs[r].Parent] : 0;
            for (var part = 0; part * size < runs[r].Length; part++, level++)
            {
                if (level == levels.Count)
                    levels.Add([]);
                levels[level].Add((r, part));
            }
            after[r] = level;
        }
        return levels;
    }

    /// <summary>Gives the tokens of a level's chunks their places.</summary>
    private Level Place(List<(int Run, int Part)> chunks, IReadOnlyList<TokenRun> runs, long[] latest, int first)
    {
        var (starts, ends) = (new long[chunks.Count], new List<(long Chunk, int Run)>());
        for (var i = 0; i < starts.Length; i++)
        {
            var (run, part) = chunks[i];
            var parent = runs[run].Parent;
            starts[i] =
                part > 0 ? latest[run]
                : parent >= 0 ? latest[parent]
                : i;
        }
        for (var i = 0; i < starts.Length; i++)
        {
            var (run, part) = chunks[i];
            latest[run] = i;
            var from = part * Size;
            var count = Math.Min(Size, runs[run].Length - from);
            for (var t = 0; t < count; t++)
            {
                var (place, token) = ((long)(first + i) * Size + t, runs[run].Start + from + t);
                (Tokens[place], Places[token]) = (token, place);
            }
            if (from + count == runs[run].Length)
                ends.Add((i, run));
        }
        return new Level(first, starts.Length, starts, [.. ends.Select(end => end.Chunk)], [.. ends.Select(end => end.Run)]);
    }

    private List<Level[]> GroupLevels(List<Level> levels)
    {
        var (blocks, block, places) = (new List<Level[]>(), new List<Level>(), 0);
        foreach (var level in levels)
        {
            if (block.Count > 0 && places + level.Count * Size > BlockPlaces)
            {
                blocks.Add([.. block]);
                block.Clear();
                places = 0;
            }
            block.Add(level);
            places += level.Count * Size;
        }
        blocks.Add([.. block]);
        return blocks;
    }

    /// <summary>Chunks that depend on those of the level before alone.</summary>
    /// <param name="First">Index of its first chunk.</param>
    /// <param name="Count">Number of its chunks.</param>
    /// <param name="Starts">
    /// Of each chunk, the chunk of the level before whose end it starts from, counted within that level. In the first level, the number of
    /// the chunk itself, which is that of its run among the runs without a parent.
    /// </param>
    /// <param name="Ends">The chunks, counted within the level, that end a run.</param>
    /// <param name="EndedRuns">The runs that they end.</param>
    public sealed record Level(int First, int Count, long[] Starts, long[] Ends, int[] EndedRuns);
}
