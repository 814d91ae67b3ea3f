using Rge.Training.Batches;
using Rge.Training.Objective;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Training.Tests;

public sealed class InfoNceTests
{
    [Theory]
    [InlineData(ContrastDirection.QueryToTarget)]
    [InlineData(ContrastDirection.Both)]
    public void It_is_the_cross_entropy_of_its_definition(ContrastDirection direction)
    {
        using var scope = NewDisposeScope();
        // Query 0 has two right targets, one of them twice in other pixels; target "b" is right for two queries.
        string[][] right =
        [
            ["a", "b"],
            ["b"],
            ["c"],
        ];
        string[] keys = ["a", "b", "c", "x", "a"];
        using var generator = new Generator(5);
        Tensor queries = randn([3, 8], generator: generator),
            targets = randn([5, 8], generator: generator);
        var plan = new InBatchPairs([.. right.Select(r => r.ToHashSet(StringComparer.Ordinal))], keys);
        var loss = InfoNce.Loss(queries, targets, plan, tensor(20f), direction).item<float>();

        var forward = new List<double>();
        var backward = new List<double>();
        for (var q = 0; q < 3; q++)
        {
            var wrong = Enumerable.Range(0, 5).Where(t => !right[q].Contains(keys[t])).Sum(t => Math.Exp(Score(q, t)));
            forward.Add(right[q].Average(key => Loss(Score(q, Array.IndexOf(keys, key)), wrong)));
        }
        foreach (var t in (int[])[0, 1, 2])
        {
            var wrong = Enumerable.Range(0, 3).Where(q => !right[q].Contains(keys[t])).Sum(q => Math.Exp(Score(q, t)));
            backward.Add(Enumerable.Range(0, 3).Where(q => right[q].Contains(keys[t])).Average(q => Loss(Score(q, t), wrong)));
        }
        Assert.Equal(direction == ContrastDirection.Both ? (forward.Average() + backward.Average()) / 2 : forward.Average(), loss, 1e-4);

        double Score(int q, int t) => 20 * Similarity.Cosine(Row(queries, q), Row(targets, t));

        static double Loss(double right, double wrong) => -Math.Log(Math.Exp(right) / (Math.Exp(right) + wrong));

        static float[] Row(Tensor matrix, int row) => matrix[row].data<float>().ToArray();
    }

    [Fact]
    public void A_query_s_rank_is_that_of_its_nearest_right_target_and_equal_ones_go_before_it()
    {
        var plan = new InBatchPairs([Keys("a", "b"), Keys("b"), Keys("c")], ["a", "b", "c", "x"]);
        float[] cosines =
        [
            .. (float[])[0.1f, 0.5f, 0.6f, 0.2f], // b is nearer than a, only c before it
            .. (float[])[0.9f, 0.5f, 0.5f, 0.4f], // a before b, c is as near
            .. (float[])[0.1f, 0.1f, 0.2f, 0.1f],
        ];
        Assert.Equal([2, 3, 1], InfoNce.Ranks(cosines, plan));
    }

    [Fact]
    public void A_target_of_an_equal_key_is_no_negative()
    {
        var plan = new InBatchPairs([Keys("a"), Keys("b")], ["a", "a", "b"]);
        Assert.Equal([(0, 0), (1, 2)], plan.Positives);
        Assert.Equal([false, false, true, true, true, false], plan.IsNegative);
    }

    [Fact]
    public void A_query_without_a_right_target_is_refused() => Assert.Throws<ArgumentException>(() => new InBatchPairs([Keys("a")], ["b"]));

    [Fact]
    public void A_query_without_negatives_costs_nothing()
    {
        using var scope = NewDisposeScope();
        var queries = ones(1, 4).requires_grad_(true);
        var loss = InfoNce.Loss(queries, ones(1, 4), new InBatchPairs([Keys("a")], ["a"]), tensor(50f), ContrastDirection.QueryToTarget);
        loss.backward();
        Assert.Equal(0, loss.item<float>());
        Assert.All(queries.grad!.data<float>().ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Shapes_other_than_the_plans_are_refused()
    {
        using var scope = NewDisposeScope();
        var plan = new InBatchPairs([Keys("a")], ["a"]);
        Assert.Throws<ArgumentException>(() => InfoNce.Loss(ones(2, 4), ones(1, 4), plan, tensor(50f), ContrastDirection.QueryToTarget));
        Assert.Throws<ArgumentException>(() => InfoNce.Loss(ones(1, 4), ones(1, 5), plan, tensor(50f), ContrastDirection.QueryToTarget));
    }

    private static HashSet<string> Keys(params IEnumerable<string> keys) => new(keys, StringComparer.Ordinal);
}
