namespace Rge.Evaluation;

/// <summary>An evaluation cannot be run. The message says what was found, what was expected and where.</summary>
public sealed class EvaluationException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public EvaluationException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public EvaluationException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public EvaluationException()
        : base("The evaluation cannot be done.") { }
}
