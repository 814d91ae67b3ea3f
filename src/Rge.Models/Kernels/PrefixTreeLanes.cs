using System.Numerics;

namespace Rge.Models.Kernels;

/// <summary>Which queries a vector's lanes hold, for the bodies of tree attention.</summary>
internal readonly unsafe struct PrefixTreeLanes
{
    /// <summary>Lanes that hold a query.</summary>
    public int Used { get; }

    /// <summary>Of each lane, its token's number within the node; beyond all where there is no query, so that nothing is masked.</summary>
    public Vector<int> Tokens { get; }

    /// <summary>The first and the last lane's token.</summary>
    public int FirstToken { get; }

    public int LastToken { get; }

    /// <summary>Finds the queries of a node's tokens for one key head.</summary>
    /// <param name="node">The node.</param>
    /// <param name="first">Number of the first query.</param>
    /// <param name="head">The key head.</param>
    /// <param name="keyHeads">Key heads.</param>
    /// <param name="group">Query heads that share one.</param>
    /// <param name="headDim">Width of a head.</param>
    /// <param name="offsets">Set to where each query begins in <c>[N, heads, headDim]</c>.</param>
    /// <param name="statistics">Set to where each query's numbers lie in <c>[N, heads]</c>.</param>
    public PrefixTreeLanes(PrefixTreeNode node, int first, int head, int keyHeads, int group, int headDim, long* offsets, long* statistics)
    {
        var lanes = Vector<int>.Count;
        var tokens = stackalloc int[lanes];
        Used = Math.Min(lanes, node.Length * group - first);
        for (var lane = 0; lane < lanes; lane++)
        {
            var query = first + lane;
            tokens[lane] = lane < Used ? query / group : int.MaxValue;
            if (lane >= Used)
                continue;
            statistics[lane] = ((long)(node.Start + query / group) * keyHeads + head) * group + query % group;
            offsets[lane] = statistics[lane] * headDim;
        }
        (Tokens, FirstToken, LastToken) = (Vector.Load(tokens), first / group, (first + Used - 1) / group);
    }
}
