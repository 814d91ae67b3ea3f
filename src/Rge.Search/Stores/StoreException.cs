using Microsoft.Extensions.VectorData;

namespace Rge.Search.Stores;

/// <summary>
/// A store refuses a request for a known reason: <see cref="Problem"/>. Other failures are plain
/// <see cref="VectorStoreException"/>.
/// </summary>
public sealed class StoreException : VectorStoreException
{
    /// <summary>Creates the exception.</summary>
    public StoreException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public StoreException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public StoreException()
        : base("The store failed.") { }

    /// <summary>The reason.</summary>
    public StoreProblem Problem { get; init; }

    /// <summary>A record is not what was written.</summary>
    /// <param name="system">The kind of store; <see langword="null"/> where it is not known.</param>
    /// <param name="store">The store; <see langword="null"/> where it is not known.</param>
    /// <param name="table">The table, or whatever the store has instead.</param>
    /// <param name="record">Key of the record.</param>
    /// <param name="problem">What is wrong, as the end of a sentence that starts with the record.</param>
    /// <param name="innerException">The error that revealed it.</param>
    internal static StoreException Damaged(
        string? system,
        string? store,
        string table,
        string record,
        string problem,
        Exception? innerException = null
    ) =>
        new(
            $"The store{(store is null ? "" : " " + store)} is damaged: the record {record} of {table} {problem}; "
                + "restore the store from a backup, or delete the collection and index it again.",
            innerException
        )
        {
            Problem = StoreProblem.Damaged,
            VectorStoreSystemName = system,
            VectorStoreName = store,
            CollectionName = table,
        };
}
