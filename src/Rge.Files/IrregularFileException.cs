namespace Rge.Files;

/// <summary>
/// A path is not a regular file: a pipe, a socket or a device. The message is a sentence with the path.
/// </summary>
public sealed class IrregularFileException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="path">The path.</param>
    /// <param name="problem">What the path is, starting with "is".</param>
    public IrregularFileException(string path, string problem)
        : base($"{path} {problem}.") => Problem = problem;

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public IrregularFileException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a message and the system's error.</summary>
    public IrregularFileException(string message, int hresult)
        : base(message, hresult) { }

    /// <summary>Creates the exception with a message of its own.</summary>
    public IrregularFileException(string message)
        : base(message) { }

    /// <summary>Creates the exception with a general message.</summary>
    public IrregularFileException()
        : base("The path does not lead to a file.") { }

    /// <summary>
    /// What the path is, as the end of a sentence without its full stop: "is a pipe, a socket or a device, not a file".
    /// </summary>
    public string Problem { get; } = "is not a file";
}
