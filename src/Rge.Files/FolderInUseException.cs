namespace Rge.Files;

/// <summary>A folder is in use by another run, or cannot be written to. The message names the folder and says what to do.</summary>
public sealed class FolderInUseException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public FolderInUseException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public FolderInUseException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public FolderInUseException()
        : base("The folder is in use by another run.") { }
}
