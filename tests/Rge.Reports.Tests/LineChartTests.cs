namespace Rge.Reports.Tests;

public sealed class LineChartTests
{
    [Fact]
    public void Lines_keep_their_shape_and_break_where_a_number_is_missing()
    {
        var figure = new LineChart
        {
            Title = "t",
            FromZero = true,
            Series = [new ChartSeries("a & b", [new(0, 0), new(50, 10), new(60, double.NaN), new(100, 10)]), new ChartSeries("empty", [])],
        }.Draw()!;
        var line = figure.Descendants("path").Single(path => path.Attribute("class")!.Value == "curve s0").Attribute("d")!.Value;
        // From the lower left, to the upper middle, a gap, the upper right.
        Assert.Equal("M46 200L239 18M432 18", line);
        Assert.Equal(["a & b"], figure.Descendants("span").Select(name => name.Value));
    }

    [Fact]
    public void A_few_outliers_behind_a_line_do_not_press_it_flat()
    {
        ChartPoint[] raw = [.. Enumerable.Range(0, 200).Select(i => new ChartPoint(i, i == 5 ? 1000 : 1 + i % 2))];
        var figure = new LineChart
        {
            Title = "t",
            Series = [new ChartSeries("a", [new(0, 1.5), new(199, 1.5)]) { Behind = [raw] }],
        }.Draw()!;
        Assert.DoesNotContain(figure.Descendants("text"), text => text.Value is "1000" or "500");
    }

    [Fact]
    public void Phases_are_marked_up_to_where_the_lines_go()
    {
        var figure = new LineChart
        {
            Title = "t",
            Series = [new ChartSeries("a", [new(1, 1), new(80, 2)])],
            Marks = [new("write", 0), new("joint", 50), new("later", 90)],
        }.Draw()!;
        Assert.Equal(
            ["write", "joint"],
            figure.Descendants("text").Select(text => text.Value).Where(text => text is "write" or "joint" or "later")
        );
    }

    [Fact]
    public void Without_numbers_there_is_no_chart() =>
        Assert.Null(
            new LineChart
            {
                Title = "t",
                IsLogarithmic = true,
                Series = [new ChartSeries("a", [new(1, 0)])],
            }.Draw()
        );
}
