namespace Rge.Data.Yaml;

/// <summary>A text is not YAML within the bounds; whoever reads it makes this an error of its own layer.</summary>
internal sealed class YamlTextException : Exception
{
    public YamlTextException(string message) : base(message) { }

    public YamlTextException(string message, Exception? innerException) : base(message, innerException) { }

    public YamlTextException() { }
}
