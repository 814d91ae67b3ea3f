namespace Rge.Text.Jinja;

/// <summary>A template that cannot be parsed or rendered, and the line of it where that shows.</summary>
internal sealed class JinjaException(string problem, int line)
    : Exception(problem.Length <= MaxLength ? problem : problem[..MaxLength] + "…")
{
    // A template can put any text into its complaint.
    private const int MaxLength = 300;

    /// <summary>Line of the template, from 1; 0 where no line is known yet.</summary>
    public int Line { get; } = line;
}
