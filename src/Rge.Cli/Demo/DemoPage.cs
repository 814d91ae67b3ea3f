using System.Globalization;
using System.Xml.Linq;
using Rge.Imaging;
using static Rge.Reports.Html;

namespace Rge.Cli.Demo;

/// <summary>The demo as a page: the queries with their images, rationales and first candidates, and the scores.</summary>
internal static class DemoPage
{
    /// <summary>What the shipped models are for, as the demo says first.</summary>
    public const string Scope =
        "Two small models of 1.8 M parameters, trained on drawn scenes of ShapeWorld and meant for those alone: on photographs their "
        + "embeddings mean nothing.";

    private const string Introduction =
        "One model looks at an image and an instruction, writes a short rationale, and then gives the embedding that candidates are "
        + "ranked by. "
        + "Beside it the baseline: the same architecture and data, trained and asked without rationales.";

    private const int CropSide = 28;

    /// <summary>Makes the page.</summary>
    /// <param name="cases">The queries that were shown.</param>
    /// <param name="scores">hit@1 over many more.</param>
    /// <param name="about">What was run: models, seed.</param>
    public static string Build(IEnumerable<DemoCase> cases, DemoScores scores, string about) =>
        Page(
            "Reasoning on and off",
            Tag("p", Scope, " ", Introduction),
            Tag("p", Class("dim"), about),
            Tag("h2", "hit@1, %"),
            Table(
                ["meta-task", "queries", "reasoning on", "off (baseline)", "difference"],
                scores
                    .Rows()
                    .Select(row =>
                        (object[])
                            [row.Name, row.Queries, Number(row.On, "0.0"), Number(row.Off, "0.0"), Number(row.On - row.Off, "+0.0;-0.0")]
                    )
            ),
            Tag("p", Class("dim"), scores.AboutRationales()),
            Tag("h2", "Queries"),
            Tag("p", Class("dim"), DemoChoice.Rule),
            cases.Select(Case)
        );

    private static XElement Case(DemoCase answered)
    {
        var query = answered.Query;
        return Tag(
            "section",
            Class("case"),
            Tag("div", Class("shown"), query.Image is { } image ? Show(image) : Tag("p", Class("dim"), "a query of words alone")),
            Tag(
                "div",
                Tag("p", Class("dim"), $"{query.Group}, {query.Dataset}, {query.Row.Candidates.Count} candidates"),
                Tag("p", Class("ask"), query.Text),
                Tag("div", Class("sides"), Side("reasoning on", answered.On, query), Side("reasoning off (baseline)", answered.Off, query))
            )
        );
    }

    private static XElement Side(string title, DemoAnswer answer, DemoQuery query)
    {
        var right = answer.ConcludesRightly(query);
        return Tag(
            "div",
            Class("side"),
            Tag("h3", title),
            answer.Rationale switch
            {
                null => null,
                "" => Tag("p", Class("dim"), "The model writes no rationale: the query already says it all."),
                var rationale => Tag("p", Class("rationale"), rationale, " ", right is { } isRight ? Mark(isRight) : null),
            },
            right == false ? Tag("p", Class("dim"), $"The oracle's rationale: {query.Row.Rationale}") : null,
            Tag("ol", Class("hits"), answer.Top.Select(ranked => Hit(ranked, query))),
            answer.Rank <= answer.Top.Count()
                ? null
                : Tag(
                    "div",
                    Class("missed"),
                    $"The right one is number {answer.Rank}:",
                    Tag("ol", Class("hits"), Hit(answer.Ranking[answer.Rank - 1], query))
                )
        );
    }

    private static XElement Hit(RankedCandidate ranked, DemoQuery query) =>
        Tag(
            "li",
            Mark(ranked.Index == 0),
            Tag("span", Class("dim"), Number(ranked.Score, "0.000")),
            query.Row.Candidates[ranked.Index].Images is [var image, ..] ? Show(image) : Tag("span", query.Describe(ranked.Index))
        );

    private static XElement Show(ImageSource image)
    {
        var pixels = image.Decode();
        var shown = Image(PngEncoder.Encode(pixels), image.Name);
        if (pixels.Width <= CropSide)
            shown.Add(Class("crop"));
        return shown;
    }

    private static XElement Mark(bool isRight) => Tag("span", Class(isRight ? "right" : "wrong"), isRight ? "✓" : "✗");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
