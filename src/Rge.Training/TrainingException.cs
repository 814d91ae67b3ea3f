namespace Rge.Training;

/// <summary>A run cannot be set up or continued. The message says what was found, where, what was expected and what to do.</summary>
public sealed class TrainingException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public TrainingException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public TrainingException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public TrainingException()
        : base("The run cannot continue.") { }
}
