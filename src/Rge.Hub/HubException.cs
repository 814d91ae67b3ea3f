namespace Rge.Hub;

/// <summary>A repository cannot be downloaded. The message says which repository or file, why, and what to do.</summary>
public sealed class HubException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public HubException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public HubException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public HubException()
        : base("The repository cannot be downloaded.") { }
}
