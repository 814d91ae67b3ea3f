using System.Collections.Concurrent;

namespace Rge.Hub.Tests;

/// <summary>A clock whose waits are written down and end at once.</summary>
internal sealed class SkippedTime : TimeProvider
{
    public ConcurrentQueue<TimeSpan> Waits { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Waits.Enqueue(dueTime);
        return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}
