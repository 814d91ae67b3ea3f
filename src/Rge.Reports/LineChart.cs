using System.Globalization;
using System.Text;
using System.Xml.Linq;
using static Rge.Reports.Html;

namespace Rge.Reports;

/// <summary>Lines over a common axis, as a figure of a page: title, legend and a drawing that takes the page's colours.</summary>
public sealed record LineChart
{
    // Units of the drawing; a page scales it to the width there is, about one pixel each.
    private const int Width = 448,
        Height = 230,
        Left = 46,
        Right = 432,
        Top = 18,
        Bottom = 200;
    private const int Colors = 8;

    /// <summary>What is drawn, with its unit.</summary>
    public required string Title { get; init; }

    /// <summary>The lines; those without points are left out.</summary>
    public required IReadOnlyList<ChartSeries> Series { get; init; }

    /// <summary>What the horizontal axis counts.</summary>
    public string Horizontal { get; init; } = "step";

    /// <summary>Where phases begin.</summary>
    public IReadOnlyList<ChartMark> Marks { get; init; } = [];

    /// <summary>Whether the vertical axis begins at 0.</summary>
    public bool FromZero { get; init; }

    /// <summary>Whether the vertical axis is logarithmic; for numbers above 0.</summary>
    public bool IsLogarithmic { get; init; }

    /// <summary>Draws the chart; <see langword="null"/> when there is nothing to draw.</summary>
    public XElement? Draw()
    {
        var shown = Series.Index().Where(series => series.Item.Points.Any(IsShown)).ToArray();
        if (shown.Length == 0)
            return null;
        var all = shown.SelectMany(series => series.Item.Points.Where(IsShown)).ToArray();
        var behind = shown.SelectMany(series => series.Item.Behind).SelectMany(line => line).Where(IsShown);
        var last = all.Max(point => point.X);
        var marks = Marks.Where(mark => mark.X < last).ToArray();
        var horizontal = Axis.Linear(all.Select(point => point.X).Concat(marks.Select(mark => mark.X)).Min(), last, ticks: 5, reach: false);
        var vertical = VerticalAxis([.. all.Select(point => point.Y)], [.. behind.Select(point => point.Y)]);
        return Tag(
            "figure",
            Tag("figcaption", Title),
            Tag("div", Class("legend"), shown.Select(series => Tag("span", Class(Color(series.Index)), Tag("i"), series.Item.Name))),
            Tag(
                "svg",
                Attribute("viewBox", $"0 0 {Width} {Height}"),
                Attribute("role", "img"),
                Attribute("aria-label", Title),
                vertical.Ticks.Select(tick => Path("grid", $"M{Left} {Number(Y(tick))}H{Right}")),
                vertical.Ticks.Select(tick => Text(Left - 6, Y(tick) + 4, "end", Axis.Label(tick))),
                horizontal.Ticks.Select(tick => Text(X(tick), Bottom + 15, "middle", Axis.Label(tick))),
                Text(Right, Height - 2, "end", Horizontal),
                marks.Select(mark => Path("phase", $"M{Number(X(mark.X))} {Top - 12}V{Bottom}")),
                marks.Select(mark => Text(X(mark.X) + 4, Top - 5, "start", mark.Name)),
                shown.SelectMany(series => series.Item.Behind.Select(line => Line("faint", series.Index, line))),
                shown.Select(series => Line("curve", series.Index, series.Item.Points)),
                shown
                    .Where(series => series.Item.HasDots)
                    .SelectMany(series => series.Item.Points.Where(IsShown).Select(point => Dot(series, point)))
            )
        );

        double X(double value) => Left + (Right - Left) * horizontal.Share(value);

        double Y(double value) => Bottom - (Bottom - Top) * vertical.Share(value);

        XElement Line(string kind, int index, IReadOnlyList<ChartPoint> points)
        {
            var (path, pen) = (new StringBuilder(), 'M');
            foreach (var point in points)
            {
                if (IsShown(point))
                    path.Append(pen).Append(Number(X(point.X))).Append(' ').Append(Number(Y(point.Y)));
                pen = IsShown(point) ? 'L' : 'M';
            }
            return Path($"{kind} {Color(index)}", path.ToString());
        }

        XElement Dot((int Index, ChartSeries Item) series, ChartPoint point) =>
            Tag(
                "circle",
                Class($"dot {Color(series.Index)}"),
                Attribute("cx", Number(X(point.X))),
                Attribute("cy", Number(Y(point.Y))),
                Attribute("r", 3),
                Tag(
                    "title",
                    string.Create(CultureInfo.InvariantCulture, $"{series.Item.Name}: {point.Y:0.###} at {Horizontal} {point.X:0.##}")
                )
            );
    }

    /// <summary>Shows all of the lines, and of what stands behind them all but the few numbers that would press the rest flat.</summary>
    private Axis VerticalAxis(double[] lines, double[] behind)
    {
        Array.Sort(behind);
        var (least, most, few) = (lines.Min(), lines.Max(), behind.Length / 50);
        if (behind.Length > 0)
            (least, most) = (Math.Min(least, behind[few]), Math.Max(most, behind[^(few + 1)]));
        return IsLogarithmic
            ? Axis.Logarithmic(least, most)
            : Axis.Linear(FromZero ? Math.Min(0, least) : least, most, ticks: 5, reach: true);
    }

    private bool IsShown(ChartPoint point) => double.IsFinite(point.Y) && (!IsLogarithmic || point.Y > 0);

    private static string Color(int index) => $"s{index % Colors}";

    private static XElement Path(string names, string commands) => Tag("path", Class(names), Attribute("d", commands));

    private static XElement Text(double x, double y, string anchor, string text) =>
        Tag("text", Attribute("x", Number(x)), Attribute("y", Number(y)), Attribute("text-anchor", anchor), text);
}
