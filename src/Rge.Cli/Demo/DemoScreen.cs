using System.Globalization;
using Rge.Cli.Output;
using Spectre.Console;

namespace Rge.Cli.Demo;

/// <summary>Shows the demo in a terminal.</summary>
/// <param name="terminal">The terminal; without colours images are described in words.</param>
internal sealed class DemoScreen(Terminal terminal)
{
    private const int ImageColumns = 28;

    /// <summary>Says what the models are, and which queries are shown.</summary>
    public void Introduce()
    {
        terminal.Output.WriteLine(DemoPage.Scope);
        terminal.Output.WriteLine(DemoChoice.Rule);
        terminal.Output.WriteLine();
    }

    /// <summary>Shows what is asked. The rationale follows.</summary>
    public void Ask(DemoQuery query)
    {
        terminal.Output.Write(new Rule(Markup.Escape($"{query.Group}, {query.Dataset}")).LeftJustified());
        var (text, right) = (Markup.Escape(query.Text), Markup.Escape(query.Describe(0)));
        var words = $"[bold]{text}[/]\n[dim]{query.Row.Candidates.Count} candidates; the right one is[/] {right}";
        if (query.Image is not { } image)
            terminal.Output.MarkupLine(words);
        else if (!HasColors)
            terminal.Output.MarkupLine($"{Markup.Escape(image.Name)}\n{words}");
        else
        {
            var beside = new Grid().AddColumn(new GridColumn().NoWrap().Width(ImageColumns)).AddColumn();
            terminal.Output.Write(beside.AddRow(HalfBlocks.Markup(image.Decode(), ImageColumns), words));
        }
        terminal.Output.Markup("[dim]rationale[/] ");
    }

    /// <summary>Shows a piece of a rationale.</summary>
    public void Write(string text)
    {
        terminal.RawOutput.Write(text);
        terminal.RawOutput.Flush();
    }

    /// <summary>Shows the answers, once the rationale is written.</summary>
    public void Answer(DemoCase answered)
    {
        var query = answered.Query;
        terminal.Output.MarkupLine(
            answered.On.ConcludesRightly(query) switch
            {
                true => $"  {Mark(true)} [dim]a right conclusion[/]",
                false => $"  {Mark(false)} [dim]a wrong conclusion; the oracle's rationale:[/]\n{Markup.Escape(query.Row.Rationale!)}",
                null when answered.On.Rationale is "" => "[dim](the model writes none: the query already says it all)[/]",
                null => "",
            }
        );
        var table = new Table().Border(TableBorder.Rounded).AddColumn("").AddColumn("reasoning on").AddColumn("reasoning off (baseline)");
        foreach (var (place, (on, off)) in answered.On.Top.Zip(answered.Off.Top).Index())
            table.AddRow((place + 1).ToString(CultureInfo.InvariantCulture), Candidate(query, on), Candidate(query, off));
        if (answered.On.Rank > 1 || answered.Off.Rank > 1)
            table.AddRow("", Place(answered.On), Place(answered.Off));
        terminal.Output.Write(table);
        terminal.Output.WriteLine();
    }

    /// <summary>Shows hit@1 over many queries.</summary>
    public void Score(DemoScores scores)
    {
        terminal.Output.Write(new Rule("hit@1, %").LeftJustified());
        var table = new Table().Border(TableBorder.Rounded).AddColumn("meta-task");
        foreach (var column in (string[])["queries", "reasoning on", "off (baseline)", "difference"])
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (var (name, queries, on, off) in scores.Rows())
            table.AddRow(name, Number(queries, "0"), Number(on, "0.0"), Number(off, "0.0"), Number(on - off, "+0.0;-0.0"));
        terminal.Output.Write(table);
        if (scores.AboutRationales() is { Length: > 0 } rationales)
            terminal.Output.MarkupLineInterpolated($"{rationales}");
    }

    private bool HasColors => terminal.Output.Profile.Capabilities is { Ansi: true, ColorSystem: not ColorSystem.NoColors };

    private static string Candidate(DemoQuery query, RankedCandidate ranked) =>
        $"{Mark(ranked.Index == 0)} {Number(ranked.Score, "0.000")}  {Markup.Escape(query.Describe(ranked.Index))}";

    private static string Place(DemoAnswer answer) => $"[dim]the right one is number {answer.Rank}[/]";

    private static string Mark(bool isRight) => isRight ? "[green]✓[/]" : "[red]✗[/]";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
