namespace Rge.Jobs;

/// <summary>A file of rows cannot be used, or belongs to another job. The message names the file and what to do.</summary>
public sealed class EmbeddingJobException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public EmbeddingJobException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public EmbeddingJobException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public EmbeddingJobException()
        : base("The rows cannot be embedded.") { }
}
