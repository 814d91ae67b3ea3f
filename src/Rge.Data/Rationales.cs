namespace Rge.Data;

/// <summary>Reads rationales.</summary>
public static class Rationales
{
    private const string Mark = "so";

    /// <summary>Whether a written rationale concludes what the oracle's does.</summary>
    /// <param name="written">The written rationale; <see langword="null"/> for none.</param>
    /// <param name="oracle">The oracle's; <see langword="null"/> for none.</param>
    /// <returns><see langword="null"/> without both, and where the oracle's is empty: it concludes nothing.</returns>
    public static bool? ConcludesRightly(string? written, string? oracle) =>
        written is null || string.IsNullOrWhiteSpace(oracle) ? null : Conclusion(written) == Conclusion(oracle);

    /// <summary>What a rationale comes to: the words after its last "so", or all of it where there is none.</summary>
    /// <remarks>Tells whether a written rationale is right about the answer, whatever its steps.</remarks>
    public static string Conclusion(string rationale)
    {
        ArgumentNullException.ThrowIfNull(rationale);
        for (var at = rationale.Length; at > 0; )
        {
            at = rationale.LastIndexOf(Mark, at - 1, StringComparison.OrdinalIgnoreCase);
            if (at < 0)
                break;
            var end = at + Mark.Length;
            if ((at == 0 || char.IsWhiteSpace(rationale[at - 1])) && (end == rationale.Length || !char.IsLetterOrDigit(rationale[end])))
                return rationale[end..].Trim(' ', ',', ':', '\t', '\r', '\n');
        }
        return rationale.Trim();
    }
}
