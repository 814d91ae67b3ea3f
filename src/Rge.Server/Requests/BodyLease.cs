using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>What one request holds in memory, as <see cref="BodyMemory"/> counts it. Used by one thread at a time.</summary>
internal sealed class BodyLease(BodyMemory memory) : IDisposable
{
    /// <summary>Bytes that each request may hold uncounted, so that small requests are answered while large ones fill the memory.</summary>
    public const int Free = 64 << 10;

    private long _held;
    private bool _disposed;

    /// <summary>Counts bytes that have arrived.</summary>
    /// <exception cref="ApiException">There is no room (429).</exception>
    public void Take(long bytes)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var more = Counted(_held + bytes) - Counted(_held);
        if (more > 0) memory.Take(more);
        _held += bytes;
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        memory.Give(Counted(_held));
    }

    private static long Counted(long bytes) => Math.Max(0, bytes - Free);
}
