namespace Rge.Text.Jinja;

/// <summary>What Python means by whitespace.</summary>
internal static class PythonText
{
    /// <summary>True for characters that <c>str.strip()</c> strips.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1C' and <= '\x1F';
}
