namespace Rge.Files.Tests;

public sealed class BackoffTests
{
    [Fact]
    public void Waits_double_up_to_the_longest_with_a_random_part()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        double[] least = [1, 2, 4, 8, 10, 10];
        foreach (var (i, expected) in least.Index())
        {
            // At the longest wait the random part is taken from it, before that it is added.
            Assert.InRange(backoff.Next().TotalSeconds, expected < 10 ? expected : 7.5, Math.Min(10, expected * 1.25));
            Assert.Equal(i + 1, backoff.Failures);
        }
        backoff.Reset();
        Assert.InRange(backoff.Next().TotalSeconds, 1, 1.25);
    }

    [Fact]
    public void Failures_without_end_wait_the_longest()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        for (var i = 0; i < 5000; i++)
            Assert.True(backoff.Next() <= TimeSpan.FromMinutes(1));
        TimeSpan[] waits = [.. Enumerable.Range(0, 20).Select(_ => backoff.Next())];
        Assert.All(waits, wait => Assert.InRange(wait, TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(1)));
        Assert.Equal(waits.Length, waits.Distinct().Count()); // concurrent waits do not end together
    }
}
