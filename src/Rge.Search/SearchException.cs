namespace Rge.Search;

/// <summary>A collection cannot be used as requested. The message says what was found, what was expected and what to do.</summary>
/// <remarks>Failures of the store, also a server that cannot be reached, are thrown as VectorData's <c>VectorStoreException</c>.</remarks>
public sealed class SearchException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public SearchException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public SearchException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public SearchException()
        : base("The collection cannot be used.") { }
}
