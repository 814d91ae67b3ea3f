namespace Rge.Models;

/// <summary>Stub.</summary>
public sealed class KvCache : IDisposable
{
    /// <summary>Rows.</summary>
    public int Slots { get; }
    /// <summary>Tokens a slot can hold.</summary>
    public int Capacity { get; }
    /// <summary>Tokens now in a slot.</summary>
    public int Length(int slot) => throw new NotSupportedException();
    /// <summary>Empties a slot for another sequence.</summary>
    public void Reset(int slot) => throw new NotSupportedException();
    /// <inheritdoc/>
    public void Dispose() { }
}
