namespace Rge.Search.Stores;

/// <summary>Counts the records of a collection; what a collection's GetService may give, since VectorData has no other way but to read them all.</summary>
public interface IRecordCounter
{
    /// <summary>How many records there are.</summary>
    Task<long> CountAsync(CancellationToken cancellationToken = default);
}
