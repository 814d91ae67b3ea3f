using System.Collections.Concurrent;

namespace Rge.Oracle.Tests;

/// <summary>A clock whose waits are written down and end at once, the time having moved on.</summary>
internal sealed class JumpingTime : TimeProvider
{
    private long _ahead;

    public ConcurrentQueue<TimeSpan> Waits { get; } = [];

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ahead));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Waits.Enqueue(dueTime);
        Interlocked.Add(ref _ahead, dueTime.Ticks);
        return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}
