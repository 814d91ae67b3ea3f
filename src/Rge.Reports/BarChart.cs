using System.Xml.Linq;
using static Rge.Reports.Html;

namespace Rge.Reports;

/// <summary>Lying bars with whiskers, each under its name, as a figure of a page.</summary>
public sealed record BarChart
{
    private const int Width = 380,
        RowHeight = 38,
        Right = 372;
    private const int Colors = 8;

    /// <summary>What is drawn, with its unit.</summary>
    public required string Title { get; init; }

    /// <summary>The bars, from top to bottom.</summary>
    public required IReadOnlyList<ChartBar> Bars { get; init; }

    /// <summary>The number at which a bar would be as long as there is room.</summary>
    public required double Full { get; init; }

    /// <summary>Draws the chart.</summary>
    public XElement Draw() =>
        Tag(
            "figure",
            Tag("figcaption", Title),
            Tag(
                "svg",
                Class("bars"),
                Attribute("viewBox", $"0 0 {Width} {RowHeight * Bars.Count}"),
                Attribute("role", "img"),
                Attribute("aria-label", Title),
                Bars.Index().SelectMany(bar => Row(bar.Index, bar.Item))
            )
        );

    private IEnumerable<XElement> Row(int index, ChartBar bar)
    {
        var (name, value, top) = (bar.Name, bar.Value, RowHeight * index);
        yield return Tag("text", Class("name"), Attribute("x", 0), Attribute("y", top + 13), name);
        yield return Tag(
            "text",
            Class("name"),
            Attribute("x", Right),
            Attribute("y", top + 13),
            Attribute("text-anchor", "end"),
            value.ToString()
        );
        yield return Tag(
            "rect",
            Class($"bar s{bar.Color % Colors}"),
            Attribute("x", 0),
            Attribute("y", top + 18),
            Attribute("height", 11),
            Attribute("width", Number(Place(value.Mean))),
            Attribute("rx", 2),
            Tag("title", $"{name}: {value}")
        );
        if (value.Deviation is not { } deviation)
            yield break;
        var (low, high) = (Number(Place(value.Mean - deviation)), Number(Place(value.Mean + deviation)));
        yield return Tag("path", Class("whisker"), Attribute("d", $"M{low} {top + 20}v7m0 -3.5H{high}m0 -3.5v7"));
    }

    private double Place(double value) => Right * Math.Clamp(value / Full, 0, 1);
}
