namespace Rge.Files.Yaml;

/// <summary>A text is not YAML within the bounds. The caller turns this into an exception of its own layer.</summary>
public sealed class YamlTextException : Exception
{
    /// <summary>Creates the exception.</summary>
    public YamlTextException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public YamlTextException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public YamlTextException() { }
}
