namespace Rge;

/// <summary>
/// A checkpoint folder or one of its files cannot be used. The message names the file, what was found and what was expected.
/// </summary>
public sealed class CheckpointException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public CheckpointException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public CheckpointException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public CheckpointException()
        : base("The checkpoint cannot be used.") { }
}
