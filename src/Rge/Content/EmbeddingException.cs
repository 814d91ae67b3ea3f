namespace Rge;

/// <summary>An item cannot be embedded with this checkpoint. The message says what was found, what was expected and what to do.</summary>
public sealed class EmbeddingException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public EmbeddingException(string message) : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public EmbeddingException(string message, Exception? innerException) : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public EmbeddingException() : base("The item cannot be embedded.") { }
}
