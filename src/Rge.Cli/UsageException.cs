namespace Rge.Cli;

/// <summary>The arguments of a command make no sense together; the message is what the user reads.</summary>
public sealed class UsageException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public UsageException(string message) : base(message) { }

    /// <summary>Creates the exception around another.</summary>
    public UsageException(string message, Exception? innerException) : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public UsageException() : base("The arguments cannot be understood.") { }
}
