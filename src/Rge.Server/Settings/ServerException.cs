namespace Rge.Server;

/// <summary>The server cannot be set up as asked: a setting or a file of keys makes no sense. The message says which, what was found and what was expected.</summary>
public sealed class ServerException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public ServerException(string message) : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public ServerException(string message, Exception? innerException) : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public ServerException() : base("The server cannot be set up.") { }
}
