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
            Assert.InRange(backoff.Next().TotalSeconds, expected, Math.Min(10, expected * 1.25));
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
        Assert.Equal(TimeSpan.FromMinutes(1), backoff.Next());
    }
}
