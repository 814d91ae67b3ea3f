namespace Rge.Oracle;

/// <summary>Rationales cannot be written or verified. The message says what was found, where, what was expected and what to do.</summary>
public sealed class OracleException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public OracleException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public OracleException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public OracleException()
        : base("Rationales cannot be written.") { }
}
