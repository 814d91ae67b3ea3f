using Spectre.Console;

namespace Rge.Cli.Output;

/// <summary>What a verb has found: names and values in two columns, and below them what is wrong.</summary>
internal static class FactSheet
{
    /// <summary>Writes it.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="facts">Names and values.</param>
    /// <param name="problems">What is wrong, a line each.</param>
    /// <param name="complete">What is said where nothing is wrong.</param>
    public static void Print(
        Terminal terminal,
        IEnumerable<(string Name, string Value)> facts,
        IReadOnlyCollection<string> problems,
        string complete
    )
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumn("").AddColumn("");
        foreach (var (name, value) in facts)
            table.AddRow(Markup.Escape(name), Markup.Escape(value));
        terminal.Output.Write(table);
        foreach (var problem in problems)
            terminal.Output.MarkupLineInterpolated($"[red]problem[/] {problem}");
        if (problems.Count == 0)
            terminal.Output.MarkupLineInterpolated($"[green]complete[/]: {complete}");
    }
}
