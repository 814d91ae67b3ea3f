namespace Rge.Server.Errors;

/// <summary>Counts the requests that the store of collections has failed. Thread-safe.</summary>
internal sealed class StoreFailures
{
    private long _count;

    /// <summary>How many there were.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Counts one.</summary>
    public void Add() => Interlocked.Increment(ref _count);
}
