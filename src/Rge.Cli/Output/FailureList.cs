namespace Rge.Cli.Output;

/// <summary>Lists what could not be done, on the error stream.</summary>
internal static class FailureList
{
    /// <summary>Failures that are listed one by one; a document lists all.</summary>
    private const int Most = 20;

    /// <summary>Prints how many failed, and a line for each of the first.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="what">What failed, one of them: "row".</param>
    /// <param name="failures">Why, a sentence each.</param>
    public static void Print(Terminal terminal, string what, IEnumerable<string> failures)
    {
        string[] all = [.. failures];
        if (all.Length == 0) return;
        terminal.RawError.WriteLine($"{all.Length} {what}{(all.Length == 1 ? "" : "s")} failed:");
        foreach (var failure in all.Take(Most)) terminal.RawError.WriteLine($"  {failure}");
        if (all.Length > Most) terminal.RawError.WriteLine($"  and {all.Length - Most} more");
    }
}
