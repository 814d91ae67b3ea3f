using Rge.Training.Batches;

namespace Rge.Training.Tests;

public sealed class InBatchPairsTests
{
    [Fact]
    public void A_query_that_comes_several_times_has_its_pairs_each_time()
    {
        string[] keys = ["a", "b", "c", "x"];
        IReadOnlySet<string> first = new HashSet<string>(StringComparer.Ordinal) { "a", "b" },
            second = new HashSet<string>(StringComparer.Ordinal) { "c" };
        var repeated = new InBatchPairs([first, second], keys).Repeat(3);
        var expected = new InBatchPairs([first, first, first, second, second, second], keys);
        Assert.Equal((expected.Queries, expected.Targets), (repeated.Queries, repeated.Targets));
        Assert.Equal(expected.Positives, repeated.Positives);
        Assert.Equal(expected.IsNegative, repeated.IsNegative);
    }
}
