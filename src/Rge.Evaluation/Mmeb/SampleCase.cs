using System.Globalization;
using System.Xml.Linq;
using static Rge.Reports.Html;

namespace Rge.Evaluation.Mmeb;

/// <summary>A row of the report to look at: its query, and what each run put first.</summary>
internal static class SampleCase
{
    private const int ThumbnailSide = 144;

    /// <summary>Draws a row.</summary>
    /// <param name="row">The row, as any run has it.</param>
    /// <param name="answers">The same row as each run answered it, and what the run is called.</param>
    public static XElement Draw(SampleRow row, (string Side, SampleRow Sample)[] answers) =>
        Tag(
            "section",
            Class("case"),
            Tag(
                "div",
                Class("shown"),
                row.Query.Image is { } image ? Image(image, ThumbnailSide) : Tag("p", Class("dim"), "a query of words alone")
            ),
            Tag(
                "div",
                Tag("p", Class("dim"), $"row {row.Row}, {row.Candidates} candidates"),
                Tag("p", Class("ask"), row.Query.Text),
                Tag("div", Class("sides"), answers.Select(answer => Side(answer.Side, answer.Sample)))
            )
        );

    private static XElement Side(string title, SampleRow sample) =>
        Tag(
            "div",
            Class("side"),
            Tag("h3", title),
            sample.Rationale is null ? null : Tag("p", Class("rationale"), sample.Rationale),
            Tag("ol", Class("hits"), sample.Top.Select(Hit)),
            sample.Rank <= sample.Top.Count
                ? null
                : Tag("div", Class("missed"), $"The right one is number {sample.Rank}:", Tag("ol", Class("hits"), Hit(sample.Right)))
        );

    private static XElement Hit(SampleItem item) =>
        Tag(
            "li",
            Tag("span", Class(item.IsRight ? "right" : "wrong"), item.IsRight ? "✓" : "✗"),
            Tag("span", Class("dim"), item.Score!.Value.ToString("0.000", CultureInfo.InvariantCulture)),
            Tag("span", Class("item"), item.Image is { } image ? Image(image, ThumbnailSide / 2) : null, item.Text)
        );
}
