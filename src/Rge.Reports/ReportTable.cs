using System.Text;
using System.Xml.Linq;

namespace Rge.Reports;

/// <summary>A table of a report, for Markdown and HTML alike.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Note">The meaning of its numbers.</param>
/// <param name="Header">Headings of the columns.</param>
/// <param name="Rows">The cells of each row; the first names it.</param>
public sealed record ReportTable(string Title, string Note, IReadOnlyList<string> Header, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>As Markdown, under a heading of the second level.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder($"## {Title}\n\n");
        if (Note.Length > 0)
            text.Append(Note).Append("\n\n");
        text.Append(Line(Header)).Append(Line(Header.Select((_, i) => i == 0 ? "---" : "---:")));
        foreach (var row in Rows)
            text.Append(Line(row));
        return text.ToString();
    }

    /// <summary>As elements of a page.</summary>
    public IEnumerable<XElement> ToHtml()
    {
        yield return Html.Tag("h2", Title);
        if (Note.Length > 0)
            yield return Html.Tag("p", Html.Class("dim"), Note);
        yield return Html.Table(Header, Rows);
    }

    private static string Line(IEnumerable<string> cells) => $"| {string.Join(" | ", cells.Select(Escape))} |\n";

    private static string Escape(string cell) => cell.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
