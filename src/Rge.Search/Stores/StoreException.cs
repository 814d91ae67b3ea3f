using Microsoft.Extensions.VectorData;

namespace Rge.Search.Stores;

/// <summary>
/// A store does not do what it was asked for a reason that is known: <see cref="Problem"/>. Whatever else fails is a plain
/// <see cref="VectorStoreException"/>.
/// </summary>
public sealed class StoreException : VectorStoreException
{
    /// <summary>Creates the exception.</summary>
    public StoreException(string message) : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public StoreException(string message, Exception? innerException) : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public StoreException() : base("The store failed.") { }

    /// <summary>The reason.</summary>
    public StoreProblem Problem { get; init; }
}
