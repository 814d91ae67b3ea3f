using Rge.Models.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Kernels;

/// <summary>Every kernel with a gradient, against torch's operators: values and gradients on random tensors.</summary>
public sealed class GradientKernelsTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Generator _generator = new(11);

    public void Dispose()
    {
        _scope.Dispose();
        _generator.Dispose();
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(300, 128)]
    [InlineData(1000, 48)]
    public void Rms_norm(int rows, int width) =>
        Check(
            [Random(rows, width), Random(width)],
            x => GradientKernels.RmsNorm(x[0], x[1], 1e-6),
            x => x[0] * (x[0].square().mean([-1], keepdim: true) + 1e-6).rsqrt() * x[1]
        );

    [Theory]
    [InlineData(1, 16)]
    [InlineData(300, 128)]
    public void Rms_norm_of_a_weight_less_one(int rows, int width) =>
        Check(
            [Random(rows, width), Random(width) * 0.1],
            x => GradientKernels.RmsNorm(x[0], x[1], 1e-6, offset: 1),
            x => x[0] * (x[0].square().mean([-1], keepdim: true) + 1e-6).rsqrt() * (x[1] + 1)
        );

    [Theory]
    [InlineData(1, 2, 16)]
    [InlineData(50, 3, 40)]
    public void Rotation_of_a_part(int tokens, int heads, int width)
    {
        var angles = Random(tokens, 1, 4) * 10;
        var (cos, sin) = (angles.cos(), angles.sin());
        Check(
            [Random(tokens, heads, width)],
            x => GradientKernels.Rotate(x[0], cos, sin),
            x =>
            {
                Tensor first = x[0].narrow(-1, 0, 4),
                    second = x[0].narrow(-1, 4, 4);
                return cat([first * cos - second * sin, second * cos + first * sin, x[0].narrow(-1, 8, width - 8)], -1);
            }
        );
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(77, 384)]
    public void Silu_product(int rows, int width) =>
        Check(
            [Random(rows, width) * 5, Random(rows, width)],
            x => GradientKernels.SiluProduct(x[0], x[1]),
            x => nn.functional.silu(x[0]) * x[1]
        );

    [Theory]
    [InlineData(1, 1, 2)]
    [InlineData(50, 3, 32)]
    [InlineData(7, 2, 20)]
    public void Rotation(int tokens, int heads, int width)
    {
        var angles = Random(tokens, 1, width / 2) * 10;
        var (cos, sin) = (angles.cos(), angles.sin());
        Check([Random(tokens, heads, width)], x => GradientKernels.Rotate(x[0], cos, sin), Expected);
        // Every third head group of a joint projection, with the others between.
        Check(
            [Random(tokens, 3, heads, width)],
            x => GradientKernels.Rotate(x[0].select(1, 1), cos, sin),
            x => Expected([x[0].select(1, 1)])
        );

        Tensor Expected(Tensor[] x)
        {
            Tensor first = x[0].narrow(-1, 0, width / 2),
                second = x[0].narrow(-1, width / 2, width / 2);
            return cat([first * cos - second * sin, second * cos + first * sin], -1);
        }
    }

    [Theory]
    [InlineData(3, 1, 1)]
    [InlineData(20, 128, 500)]
    [InlineData(600, 70, 90)]
    public void Gathered_rows(int table, int width, int count)
    {
        var rows = randint(table, [count], ScalarType.Int64, generator: _generator);
        Check([Random(table, width)], x => GradientKernels.Gather(x[0], rows), x => x[0].index_select(0, rows));
    }

    public static TheoryData<int, int, int, int> Trees =>
        new()
        {
            { 1, 1, 16, 1 },
            { 2, 2, 16, 2 },
            { 4, 4, 32, 3 },
            { 6, 2, 16, 4 },
            { 8, 1, 48, 5 },
            { 12, 4, 64, 6 },
        };

    [Theory, MemberData(nameof(Trees))]
    public void Attention_over_a_tree(int heads, int keyHeads, int width, int seed)
    {
        var plan = new PrefixTreePlan(RandomTree(new Random(seed)));
        var mask = Mask(plan);
        Check(
            [Random(plan.Count, heads, width) * 2, Random(plan.Count, keyHeads, width) * 2, Random(plan.Count, keyHeads, width)],
            x => GradientKernels.Attend(x[0], x[1], x[2], plan),
            x =>
            {
                Tensor k = x[1].repeat_interleave(heads / keyHeads, 1).transpose(0, 1),
                    v = x[2].repeat_interleave(heads / keyHeads, 1).transpose(0, 1);
                var scores = x[0].transpose(0, 1).bmm(k.transpose(1, 2)) / Math.Sqrt(width);
                return scores
                    .masked_fill(mask.logical_not(), double.NegativeInfinity)
                    .softmax(-1)
                    .bmm(v)
                    .transpose(0, 1)
                    .reshape(plan.Count, -1);
            }
        );
    }

    [Fact]
    public void Attention_of_large_scores_does_not_overflow()
    {
        var plan = new PrefixTreePlan([new PrefixTreeNode(0, 200, -1, 200)]);
        Tensor large = ones(200, 1, 16) * 1000,
            values = Random(200, 1, 16);
        var expected = values.cumsum(0) / arange(1, 201, ScalarType.Float32).view(200, 1, 1);
        AssertClose(expected.view(200, 16), GradientKernels.Attend(large, large, values, plan), "values");
    }

    [Fact]
    public void A_backward_pass_leaves_nothing_behind()
    {
        Tensor x = Random(40, 32).requires_grad_(true),
            weight = Random(32).requires_grad_(true);
        Step();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 10; i++)
            Step();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Step()
        {
            using var scope = NewDisposeScope();
            var y = GradientKernels.RmsNorm(GradientKernels.SiluProduct(x, x), weight, 1e-6);
            y.sum().backward();
            x.grad!.zero_();
        }
    }

    [Fact]
    public void Where_no_gradient_is_wanted_there_is_no_graph()
    {
        Tensor x = Random(40, 32).requires_grad_(true),
            weight = Random(32);
        using (no_grad())
            Assert.False(GradientKernels.RmsNorm(x, weight, 1e-6).requires_grad);
        Assert.False(GradientKernels.RmsNorm(x.detach(), weight, 1e-6).requires_grad);
        Assert.True(GradientKernels.RmsNorm(x, weight, 1e-6).requires_grad);
    }

    [Fact]
    public void Tensors_that_do_not_fit_are_refused_before_they_are_read()
    {
        var plan = new PrefixTreePlan([new PrefixTreeNode(0, 4, -1, 4)]);
        Assert.Throws<ArgumentException>(() => GradientKernels.RmsNorm(Random(2, 32), Random(16), 1e-6));
        Assert.Throws<ArgumentException>(() => GradientKernels.RmsNorm(Random(2, 3), Random(3), 1e-6));
        Assert.Throws<ArgumentException>(() => GradientKernels.SiluProduct(Random(2, 32), Random(4, 16)));
        Assert.Throws<ArgumentException>(() => GradientKernels.Rotate(Random(2, 1, 16), Random(1, 8), Random(2, 8)));
        Assert.Throws<ArgumentException>(() => GradientKernels.Rotate(Random(1, 1, 16).expand(2, 1, 16), Random(2, 8), Random(2, 8)));
        Assert.Throws<ArgumentException>(() => GradientKernels.Gather(Random(2, 16), Random(2)));
        Assert.Throws<ArgumentException>(() => GradientKernels.Attend(Random(5, 1, 16), Random(5, 1, 16), Random(5, 1, 16), plan));
        Assert.Throws<ArgumentException>(() => GradientKernels.Attend(Random(4, 3, 16), Random(4, 2, 16), Random(4, 2, 16), plan));
        Assert.Throws<ArgumentException>(() => GradientKernels.Attend(Random(4, 1, 12), Random(4, 1, 12), Random(4, 1, 12), plan));
    }

    private Tensor Random(params long[] shape) => randn(shape, generator: _generator);

    /// <summary>Two trees of runs of one to a hundred and fifty tokens, in the order that a tree of prompts has.</summary>
    private static List<PrefixTreeNode> RandomTree(Random random)
    {
        var (nodes, placed) = (new List<PrefixTreeNode>(), 0);
        Grow(-1, depth: 0);
        Grow(-1, depth: 1);
        return nodes;

        void Grow(int parent, int depth)
        {
            var (node, length) = (nodes.Count, random.Next(4) == 0 ? random.Next(60, 150) : random.Next(1, 20));
            nodes.Add(new PrefixTreeNode(placed, length, parent, 0));
            placed += length;
            for (var child = random.Next(1, 5); child > 0 && depth < 3; child--)
                Grow(node, depth + 1);
            nodes[node] = nodes[node] with { SubtreeEnd = placed };
        }
    }

    /// <summary>Token j is seen by token i when j ≤ i &lt; the end of the subtree of j's node.</summary>
    private static Tensor Mask(PrefixTreePlan plan)
    {
        var mask = new bool[plan.Count * plan.Count];
        foreach (var node in plan.Nodes)
            for (var j = node.Start; j < node.Start + node.Length; j++)
            for (var i = j; i < node.SubtreeEnd; i++)
                mask[i * plan.Count + j] = true;
        return tensor(mask, [plan.Count, plan.Count]);
    }

    private void Check(Tensor[] inputs, Func<Tensor[], Tensor> kernel, Func<Tensor[], Tensor> expected)
    {
        foreach (var input in inputs)
            input.requires_grad_(true);
        Tensor wanted = expected(inputs),
            actual = kernel(inputs);
        AssertClose(wanted, actual, "values");
        var upstream = Random(wanted.shape);
        wanted.backward([upstream]);
        var gradients = inputs.Select(Take).ToArray();
        actual.backward([upstream]);
        for (var i = 0; i < inputs.Length; i++)
            AssertClose(gradients[i], Take(inputs[i]), $"gradient {i}");
        // A gradient that comes along as one number for all.
        expected(inputs).sum().backward();
        gradients = [.. inputs.Select(Take)];
        kernel(inputs).sum().backward();
        for (var i = 0; i < inputs.Length; i++)
            AssertClose(gradients[i], Take(inputs[i]), $"gradient {i} of a sum");

        static Tensor Take(Tensor leaf)
        {
            var gradient = leaf.grad!.clone();
            leaf.grad!.zero_();
            return gradient;
        }
    }

    private static void AssertClose(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        double off = (expected - actual).norm().item<float>(),
            length = expected.norm().item<float>();
        Assert.True(off <= 1e-5 * length + 1e-5, $"{what}: off by {off} where the length is {length}");
    }
}
