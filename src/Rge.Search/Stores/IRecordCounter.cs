using System.Linq.Expressions;

namespace Rge.Search.Stores;

/// <summary>
/// Counts the records of a collection; what a collection's GetService may give, since VectorData has no other way but to read them all.
/// </summary>
public interface IRecordCounter
{
    /// <summary>How many records there are.</summary>
    /// <param name="filter">Which records count, as the collection's own methods take filters; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    Task<long> CountAsync(LambdaExpression? filter, CancellationToken cancellationToken = default);
}
