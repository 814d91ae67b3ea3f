namespace Rge.Data;

/// <summary>Data cannot be used. The message names the file and row, what was found and what was expected.</summary>
public sealed class DatasetException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public DatasetException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public DatasetException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public DatasetException()
        : base("The data cannot be used.") { }
}
