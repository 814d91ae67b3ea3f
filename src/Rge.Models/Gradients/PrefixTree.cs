using Rge.Models.Configuration;
using Rge.Models.Inputs;
using Rge.Models.Kernels;
using Rge.Models.Layers;
using static TorchSharp.torch;

namespace Rge.Models.Gradients;

/// <summary>
/// Tokens of several sequences, packed so that common prefixes are stored once: a tree of runs, a parent before its children
/// and a subtree's tokens together.
/// </summary>
/// <remarks>
/// Two sequences begin alike as far as their tokens are the same and the images among them the same <see cref="VisionFeatures"/>. Rotary
/// positions and all that attention sees depend on nothing else, so that sharing changes no value.
/// </remarks>
internal sealed class PrefixTree
{
    private readonly IReadOnlyList<ModelInput> _inputs;
    private readonly ModelConfig _config;

    /// <summary>The image that each token of each sequence belongs to; null where all of a sequence is text.</summary>
    private readonly VisionFeatures?[]?[] _imageOf;

    private readonly List<PrefixTreeNode> _nodes = [];
    private readonly List<VisionFeatures> _images = [];
    private readonly List<long> _imageRows = [];
    private int _placed;

    /// <summary>Checks and packs sequences.</summary>
    /// <exception cref="ArgumentException">See <see cref="QwenVlModel.Forward"/>.</exception>
    public PrefixTree(IReadOnlyList<ModelInput> inputs, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (inputs.Count == 0)
            throw new ArgumentException("There is no prompt to run.", nameof(inputs));
        (_inputs, _config) = (inputs, config);
        var positions = new MropePositions[inputs.Count];
        for (var i = 0; i < positions.Length; i++)
        {
            PromptCheck.Require(inputs[i], i, config);
            if (inputs[i].Positions != PositionScheme.Multimodal)
                throw new ArgumentException(
                    $"Prompt {i} has {inputs[i].Positions} positions, expected {PositionScheme.Multimodal} ones, as in training.",
                    nameof(inputs)
                );
            positions[i] = MropePositions.Compute(inputs[i].TokenIds, [.. inputs[i].Images.Select(f => f.Grid)], config);
        }
        _imageOf = [.. inputs.Select(ImageOfTokens)];

        var roots = new List<Run>();
        for (var i = 0; i < inputs.Count; i++)
            Insert(roots, i);
        var count = roots.Sum(Count);
        (TokenIds, Positions) = (new long[count], new float[3 * count]);
        foreach (var root in roots)
            Place(root, parent: -1, positions);
        Rows = [.. inputs.Select((_, i) => RowsOf(roots, i))];
    }

    /// <summary>Token ids <c>[N]</c>.</summary>
    public long[] TokenIds { get; }

    /// <summary>M-RoPE positions <c>[3, N]</c>, row-major; whole numbers.</summary>
    public float[] Positions { get; }

    /// <summary>The runs, each after its parent.</summary>
    public IReadOnlyList<PrefixTreeNode> Nodes => _nodes;

    /// <summary>By sequence, the packed row of each of its tokens.</summary>
    public int[][] Rows { get; }

    /// <summary>How the tree's tokens hang together. Makes tensors on a GPU, which the dispose scope in use frees.</summary>
    public TokenPass Pass(Device device)
    {
        var attention = new PrefixTreeAttention(_nodes, device);
        attention.Prepare();
        return new TokenPass([.. _nodes.Select(node => new TokenRun(node.Start, node.Length, node.Parent))], attention);
    }

    /// <summary>Joins the features of all images and says which rows they replace; null without images.</summary>
    public ImagePlacement? PlaceImages(Device device) => ImagePlacement.Create(_images, [.. _imageRows], device);

    /// <summary>Leaves only the wanted tokens' rows, packed anew, in <see cref="Rows"/>; −1 stands for the others.</summary>
    /// <param name="wanted">The wanted tokens of each sequence.</param>
    /// <returns>The rows that are left, in ascending order.</returns>
    /// <exception cref="ArgumentException">There is not one range a sequence, or no token is wanted.</exception>
    public long[] Keep(IReadOnlyList<Range> wanted)
    {
        if (wanted.Count != Rows.Length)
            throw new ArgumentException($"{wanted.Count} ranges are given for {Rows.Length} sequences.", nameof(wanted));
        var isKept = new bool[TokenIds.Length];
        for (var i = 0; i < wanted.Count; i++)
            foreach (var row in Rows[i].AsSpan()[wanted[i]])
                isKept[row] = true;
        var (places, kept) = (new int[isKept.Length], new List<long>());
        for (var row = 0; row < places.Length; row++)
        {
            places[row] = isKept[row] ? kept.Count : -1;
            if (isKept[row])
                kept.Add(row);
        }
        if (kept.Count == 0)
            throw new ArgumentException("No token of any sequence is wanted.", nameof(wanted));
        foreach (var rows in Rows)
            for (var t = 0; t < rows.Length; t++)
                rows[t] = places[rows[t]];
        return [.. kept];
    }

    private VisionFeatures?[]? ImageOfTokens(ModelInput input)
    {
        if (input.Images.Count == 0)
            return null;
        var imageOf = new VisionFeatures?[input.TokenIds.Length];
        // The images' tokens were found to be there in order.
        var (image, left) = (-1, 0);
        for (var t = 0; t < imageOf.Length; t++)
        {
            if (input.TokenIds[t] != _config.ImageTokenId)
                continue;
            if (left == 0)
                left = input.Images[++image].Grid.MergedPatches(_config.Vision.SpatialMergeSize);
            imageOf[t] = input.Images[image];
            left--;
        }
        return imageOf;
    }

    /// <summary>Whether two sequences with a common prefix continue with the same token.</summary>
    private bool IsSame(int input, int other, int token) =>
        _inputs[input].TokenIds[token] == _inputs[other].TokenIds[token] && _imageOf[input]?[token] == _imageOf[other]?[token];

    private void Insert(List<Run> siblings, int input)
    {
        var (length, token) = (_inputs[input].TokenIds.Length, 0);
        while (token < length)
        {
            if (Find(siblings, input, token) is not { } run)
            {
                siblings.Add(new Run(input, token, length));
                return;
            }
            var end = token + 1;
            while (end < Math.Min(run.End, length) && IsSame(input, run.Input, end))
                end++;
            if (end < run.End)
                run.Split(end);
            (siblings, token) = (run.Children, end);
        }
    }

    private Run? Find(List<Run> siblings, int input, int token) => siblings.Find(run => IsSame(input, run.Input, token));

    private static int Count(Run run) => run.Length + run.Children.Sum(Count);

    /// <summary>
    /// Gives a run and those below it their rows. What is nested is as deep as sequences have forks, at most their number.
    /// </summary>
    private void Place(Run run, int parent, MropePositions[] positions)
    {
        var (node, input, at) = (_nodes.Count, _inputs[run.Input], positions[run.Input]);
        var start = run.Row = _placed;
        _placed += run.Length;
        _nodes.Add(new PrefixTreeNode(start, run.Length, parent, SubtreeEnd: 0));
        VisionFeatures? image = null;
        for (int t = run.Start, row = start; t < run.End; t++, row++)
        {
            TokenIds[row] = input.TokenIds[t];
            Positions[row] = at.Time[t];
            Positions[TokenIds.Length + row] = at.Height[t];
            Positions[2 * TokenIds.Length + row] = at.Width[t];
            if (_imageOf[run.Input]?[t] is not { } features)
                continue;
            _imageRows.Add(row);
            if (image == features)
                continue;
            _images.Add(image = features);
        }
        foreach (var child in run.Children)
            Place(child, node, positions);
        _nodes[node] = _nodes[node] with { SubtreeEnd = _placed };
    }

    private int[] RowsOf(List<Run> siblings, int input)
    {
        var rows = new int[_inputs[input].TokenIds.Length];
        for (var token = 0; token < rows.Length; )
        {
            var run = Find(siblings, input, token)!;
            for (; token < run.End; token++)
                rows[token] = run.Row + token - run.Start;
            siblings = run.Children;
        }
        return rows;
    }

    /// <summary>Tokens start … end − 1 of a sequence, and of all others below.</summary>
    private sealed class Run(int input, int start, int end)
    {
        public int Input { get; } = input;

        public int Start { get; } = start;

        public int End { get; private set; } = end;

        public int Length => End - Start;

        public List<Run> Children { get; private set; } = [];

        /// <summary>Packed row of the first token.</summary>
        public int Row { get; set; }

        /// <summary>Ends the run earlier; what it had from there on becomes its child.</summary>
        public void Split(int at)
        {
            Children = [new Run(Input, at, End) { Children = Children }];
            End = at;
        }
    }
}
