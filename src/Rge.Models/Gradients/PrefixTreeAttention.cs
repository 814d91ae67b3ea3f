using Rge.Models.Kernels;
using Rge.Models.Layers;
using Rge.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Rge.Models.Gradients;

/// <summary>
/// Attention of sequences that share their beginnings: a token sees the tokens of its own run up to itself, and all tokens of the runs
/// above. Differentiable.
/// </summary>
/// <remarks>
/// Where the kernel does not take the tensors, nodes are attended in groups of about the same size, padded to the largest of the group and
/// masked. Where they lie is brought to a GPU once for all layers. A layer that is run again in the backward pass, when that is freed, brings
/// it there again.
/// </remarks>
/// <param name="nodes">The tree's nodes, each after its parent.</param>
/// <param name="device">Where the tensors lie.</param>
internal sealed class PrefixTreeAttention(IReadOnlyList<PrefixTreeNode> nodes, Device device) : IAttentionPattern
{
    /// <summary>Query-key pairs of a group, padding included; bounds the memory that masks and scores take.</summary>
    private const long MaxGroupPairs = 1 << 22;

    private readonly PrefixTreePlan _plan = new(nodes);
    private List<Group>? _groups;
    private long[] _places = [];
    private Tensor? _placesOnDevice;

    public bool WantsFloat32Queries => false;

    /// <summary>Brings to a GPU what all layers need there; until the dispose scope in use ends.</summary>
    public void Prepare()
    {
        if (device.type == DeviceType.CPU)
            return;
        _groups = MakeGroups();
        foreach (var group in _groups)
            group.OnDevice = Upload(group);
        _placesOnDevice = HostTransfers.Upload(_places, device);
    }

    /// <exception cref="ArgumentException">There is a cache: sequences of a tree stand alone.</exception>
    public Tensor Attend(KvCache? cache, Tensor queries, Tensor keys, Tensor values)
    {
        if (cache is not null)
            throw new ArgumentException("The sequences of a prefix tree stand alone; expected no cache.", nameof(cache));
        if (GradientKernels.SupportsAttend(queries, keys, values, _plan))
            return GradientKernels.Attend(queries, keys, values, _plan);
        _groups ??= MakeGroups();
        long heads = queries.shape[1],
            width = queries.shape[2];
        var parts = new Tensor[_groups.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            var group = _groups[i];
            var (queryRows, keyRows, mask) = group.OnDevice is { Mask.IsInvalid: false } held ? held : Upload(group);
            var q = Gather(queries, queryRows, group.Count);
            Tensor k = RepeatHeads(Gather(keys, keyRows, group.Count), heads),
                v = RepeatHeads(Gather(values, keyRows, group.Count), heads);
            parts[i] = scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).reshape(-1, heads * width);
        }
        var places = _placesOnDevice is { IsInvalid: false } placed ? placed : HostTransfers.Upload(_places, device);
        return (parts.Length == 1 ? parts[0] : cat(parts, 0)).index_select(0, places);
    }

    private (Tensor Queries, Tensor Keys, Tensor Mask) Upload(Group group)
    {
        var mask = tensor(group.Mask, [group.Count, 1, group.Queries.Length / group.Count, group.Keys.Length / group.Count]);
        return (HostTransfers.Upload(group.Queries, device), HostTransfers.Upload(group.Keys, device), HostTransfers.Upload(mask, device));
    }

    /// <summary>Rows of <c>[N, heads, D]</c> as <c>[B, heads, T, D]</c>.</summary>
    private static Tensor Gather(Tensor x, Tensor rows, int count) =>
        x.index_select(0, rows).view(count, -1, x.shape[1], x.shape[2]).transpose(1, 2);

    /// <summary><c>[B, kvHeads, T, D]</c> → <c>[B, heads, T, D]</c>, each key head repeated for its group of query heads.</summary>
    private static Tensor RepeatHeads(Tensor x, long heads) =>
        x.shape[1] == heads
            ? x
            : x.unsqueeze(2).expand(-1, -1, heads / x.shape[1], -1, -1).reshape(x.shape[0], heads, x.shape[2], x.shape[3]);

    private List<Group> MakeGroups()
    {
        var seen = nodes.Select(node => Visible(node).ToArray()).ToArray();
        var groups = new List<Group>();
        var places = new long[nodes[^1].SubtreeEnd];
        var first = 0L;
        foreach (var alike in Enumerable.Range(0, nodes.Count).GroupBy(n => (Bucket(nodes[n].Length), Bucket(seen[n].Length))))
        {
            int queries = alike.Max(n => nodes[n].Length),
                keys = alike.Max(n => seen[n].Length);
            foreach (var part in alike.Chunk((int)Math.Max(1, MaxGroupPairs / ((long)queries * keys))))
            {
                groups.Add(MakeGroup(part, nodes, seen, queries, keys));
                for (var b = 0; b < part.Length; b++)
                for (var t = 0; t < nodes[part[b]].Length; t++)
                    places[nodes[part[b]].Start + t] = first + (long)b * queries + t;
                first += (long)part.Length * queries;
            }
        }
        _places = places;
        return groups;
    }

    private static Group MakeGroup(int[] members, IReadOnlyList<PrefixTreeNode> nodes, int[][] seen, int queries, int keys)
    {
        // What pads a query or a key is token 0: such keys are masked out, and what such queries give is never read.
        var (queryRows, keyRows, mask) = (
            new long[members.Length * queries],
            new long[members.Length * keys],
            new bool[members.Length * queries * keys]
        );
        for (var b = 0; b < members.Length; b++)
        {
            var (node, visible) = (nodes[members[b]], seen[members[b]]);
            var before = visible.Length - node.Length;
            for (var t = 0; t < visible.Length; t++)
                keyRows[b * keys + t] = visible[t];
            for (var t = 0; t < queries; t++)
            {
                if (t < node.Length)
                    queryRows[b * queries + t] = node.Start + t;
                mask.AsSpan((b * queries + t) * keys, Math.Min(before + t + 1, visible.Length)).Fill(true);
            }
        }
        return new Group(members.Length, queryRows, keyRows, mask);
    }

    /// <summary>The tokens that a node's last token sees, in the order of their sequence.</summary>
    private IEnumerable<int> Visible(PrefixTreeNode node) =>
        (node.Parent < 0 ? [] : Visible(nodes[node.Parent])).Concat(Enumerable.Range(node.Start, node.Length));

    /// <summary>Sizes that may share a group: those up to the same multiple of a quarter of a power of two.</summary>
    private static int Bucket(int size)
    {
        var step = Math.Max(4, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)size) / 4);
        return (size + step - 1) / step * step;
    }

    /// <summary>Nodes attended in one call.</summary>
    /// <param name="Count">B, the number of nodes.</param>
    /// <param name="Queries">Their tokens, <c>[B · queries]</c>.</param>
    /// <param name="Keys">The tokens that they may see, <c>[B · keys]</c>.</param>
    /// <param name="Mask">Which of them each token sees, <c>[B, 1, queries, keys]</c>.</param>
    private sealed record Group(int Count, long[] Queries, long[] Keys, bool[] Mask)
    {
        /// <summary>The three on the device, while they are held there.</summary>
        public (Tensor Queries, Tensor Keys, Tensor Mask)? OnDevice { get; set; }
    }
}
