using Rge.Server.Errors;
using Rge.Server.Serving;

namespace Rge.Server.Tests;

public sealed class AdmissionLimiterTests
{
    private readonly Clock _clock = new();

    [Fact]
    public void There_are_as_many_places_as_were_made()
    {
        using var limiter = new AdmissionLimiter(5, _clock);
        var first = limiter.Admit(3);
        using var second = limiter.Admit(2);
        var error = Assert.Throws<ApiException>(() => limiter.Admit(1));
        Assert.Equal((429, "queue_full", 1), (error.Status, error.Code, limiter.Refused));
        first.Dispose();
        first.Dispose();
        Assert.Equal(2, limiter.Items);
        limiter.Admit(3).Dispose();
        Assert.Equal(2, limiter.Items);
    }

    [Fact]
    public void Retry_after_follows_the_speed_of_the_moment()
    {
        using var limiter = new AdmissionLimiter(10, _clock);
        using var held = limiter.Admit(8);
        Assert.Equal(TimeSpan.FromSeconds(1), Assert.Throws<ApiException>(() => limiter.Admit(3)).RetryAfter);
        _clock.Advance(TimeSpan.FromSeconds(6));
        limiter.Admit(2).Dispose();
        // Two items in six seconds: three of the four asked for have to wait for others to leave.
        Assert.Equal(TimeSpan.FromSeconds(6), Assert.Throws<ApiException>(() => limiter.Admit(4)).RetryAfter);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.FromMinutes(1), Assert.Throws<ApiException>(() => limiter.Admit(4)).RetryAfter);
    }

    [Fact]
    public async Task A_closed_queue_is_drained_when_the_last_place_is_given_back()
    {
        using var limiter = new AdmissionLimiter(10, _clock);
        var (one, other) = (limiter.Admit(1), limiter.Admit(2));
        var drained = limiter.CloseAsync();
        Assert.Equal(503, Assert.Throws<ApiException>(() => limiter.Admit(1)).Status);
        one.Dispose();
        Assert.False(drained.IsCompleted);
        other.Dispose();
        await drained;
        using var idle = new AdmissionLimiter(1, _clock);
        await idle.CloseAsync();
    }

    [Fact]
    public void Places_taken_by_many_at_once_all_come_back()
    {
        using var limiter = new AdmissionLimiter(7, TimeProvider.System);
        Parallel.For(0, 10_000, i =>
        {
            try
            {
                using var place = limiter.Admit(1 + i % 3);
                Assert.InRange(limiter.Items, 1, 7);
            }
            catch (ApiException)
            {
                // Full.
            }
        });
        Assert.Equal(0, limiter.Items);
    }

    /// <summary>A clock that a test moves.</summary>
    private sealed class Clock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;
    }
}
