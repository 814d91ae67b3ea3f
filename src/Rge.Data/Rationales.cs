namespace Rge.Data;

/// <summary>Reads rationales.</summary>
public static class Rationales
{
    private const string Mark = "so";

    /// <summary>What a rationale comes to: the words after its last "so", or all of it where there is none.</summary>
    /// <remarks>Tells whether a written rationale is right about the answer, whatever its steps.</remarks>
    public static string Conclusion(string rationale)
    {
        ArgumentNullException.ThrowIfNull(rationale);
        for (var at = rationale.Length; at > 0;)
        {
            at = rationale.LastIndexOf(Mark, at - 1, StringComparison.OrdinalIgnoreCase);
            if (at < 0) break;
            var end = at + Mark.Length;
            if ((at == 0 || char.IsWhiteSpace(rationale[at - 1])) && (end == rationale.Length || !char.IsLetterOrDigit(rationale[end])))
                return rationale[end..].Trim(' ', ',', ':', '\t', '\r', '\n');
        }
        return rationale.Trim();
    }
}
