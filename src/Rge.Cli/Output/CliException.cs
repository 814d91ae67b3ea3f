namespace Rge.Cli.Output;

/// <summary>A command cannot do what was asked; the message is what the user reads.</summary>
public sealed class CliException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public CliException(string message) : base(message) { }

    /// <summary>Creates the exception around another.</summary>
    public CliException(string message, Exception? innerException) : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public CliException() : base("The command cannot be carried out.") { }
}
