using System.Numerics;

namespace Rge.Models.Kernels;

/// <summary>A tree of packed tokens as its kernels walk it. Immutable; holds no native memory.</summary>
internal sealed class PrefixTreePlan
{
    private PrefixTreeQueries[]? _queries;
    private int _group;

    /// <param name="nodes">The nodes, each after its parent, a subtree's tokens together.</param>
    public PrefixTreePlan(IReadOnlyList<PrefixTreeNode> nodes)
    {
        Nodes = [.. nodes];
        Trees = [.. Enumerable.Range(0, Nodes.Length).Where(n => Nodes[n].Parent < 0), Nodes.Length];
        Count = Nodes[^1].Start + Nodes[^1].Length;
    }

    /// <summary>The nodes.</summary>
    public PrefixTreeNode[] Nodes { get; }

    /// <summary>First node of each tree, and one past the last node of all.</summary>
    public int[] Trees { get; }

    /// <summary>Number of tokens.</summary>
    public int Count { get; }

    /// <summary>All queries of one key head, a vector's worth at a time.</summary>
    /// <param name="group">Query heads that share a key head.</param>
    public PrefixTreeQueries[] Queries(int group)
    {
        if (_queries is { } queries && _group == group)
            return queries;
        _group = group;
        return _queries = [
            .. Enumerable
                .Range(0, Nodes.Length)
                .SelectMany(n =>
                    Enumerable
                        .Range(0, (Nodes[n].Length * group + Vector<float>.Count - 1) / Vector<float>.Count)
                        .Select(i => new PrefixTreeQueries(n, i * Vector<float>.Count))
                ),
        ];
    }
}
