using System.Xml.Linq;

namespace Rge.Reports.Tests;

public sealed class HtmlTests
{
    [Fact]
    public void Text_is_escaped_wherever_it_stands()
    {
        const string Nasty = "<script>alert('&\"')</script>";
        var page = Html.Page(
            Nasty,
            Html.Tag("p", new XAttribute("title", Nasty), Nasty),
            Html.Table(
                [Nasty],
                [
                    [Nasty],
                ]
            ),
            Html.Facts([(Nasty, Nasty)])
        );
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        var read = XDocument.Parse(page);
        Assert.Equal(7, read.Descendants().Count(element => !element.HasElements && element.Value == Nasty));
        Assert.Equal(Nasty, read.Descendants("p").Single().Attribute("title")!.Value);
    }

    [Fact]
    public void Characters_that_no_document_can_hold_are_replaced()
    {
        var read = XDocument.Parse(Html.Page("a\u0001b", Html.Tag("p", new XAttribute("title", "c\u0002"), "\ud800 \ud83d\ude00 é")));
        Assert.Equal("a\ufffdb", read.Descendants("title").Single().Value);
        Assert.Equal(
            ("c\ufffd", "\ufffd \ud83d\ude00 é"),
            (read.Descendants("p").Single().Attribute("title")!.Value, read.Descendants("p").Single().Value)
        );
    }

    [Fact]
    public void Empty_elements_are_closed_as_html_has_it()
    {
        var page = Html.Page(
            "x",
            Html.Tag("p"),
            Html.Table(
                ["a", "b"],
                [
                    ["c", ""],
                ]
            ),
            Html.Tag("br")
        );
        Assert.Contains("<p></p>", page, StringComparison.Ordinal);
        Assert.Contains("<td></td>", page, StringComparison.Ordinal);
        Assert.Contains("<br />", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_loads_nothing()
    {
        var read = XDocument.Parse(Html.Page("x", Html.Image([1, 2, 3], "three bytes")));
        Assert.DoesNotContain(read.Descendants(), element => element.Name.LocalName is "script" or "link");
        Assert.Equal("data:image/png;base64,AQID", read.Descendants("img").Single().Attribute("src")!.Value);
        var style = read.Descendants("style").Single().Value;
        Assert.DoesNotContain("url(", style, StringComparison.Ordinal);
        // XML would escape these, and a browser takes a style sheet as it is written.
        Assert.DoesNotContain(style, character => character is '<' or '>' or '&');
    }
}
