using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Rge.Imaging;

namespace Rge.Reports;

/// <summary>
/// Builds self-contained pages from elements: text is always escaped, and a page is well-formed XML as well as HTML.
/// No resources are loaded; light or dark follows the reader's system.
/// </summary>
public static class Html
{
    private static readonly HashSet<string> Childless = new(StringComparer.Ordinal) { "br", "hr", "img", "meta" };

    /// <summary>An element with attributes, text and elements in it, or sequences of those.</summary>
    public static XElement Tag(string name, params object?[] content) => new(name, content);

    /// <summary>An attribute.</summary>
    public static XAttribute Attribute(string name, object value) => new(name, value);

    /// <summary>A <c>class</c> attribute.</summary>
    public static XAttribute Class(string names) => new("class", names);

    /// <summary>A number as attributes and paths have it: a point, and no more than two digits after it.</summary>
    public static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>A table that scrolls sideways where it is wider than the screen; all columns but the first are set for numbers.</summary>
    /// <param name="header">Headings of the columns.</param>
    /// <param name="rows">The cells of each row: text or elements.</param>
    public static XElement Table(IEnumerable<string> header, IEnumerable<IEnumerable<object?>> rows) =>
        Tag(
            "div",
            Class("scroll"),
            Tag(
                "table",
                Tag("thead", Tag("tr", header.Select(cell => Tag("th", Attribute("scope", "col"), cell)))),
                Tag(
                    "tbody",
                    rows.Select(row =>
                        Tag("tr", row.Select((cell, i) => i == 0 ? Tag("th", Attribute("scope", "row"), cell) : Tag("td", cell)))
                    )
                )
            )
        );

    /// <summary>A table of names and what they stand for.</summary>
    public static XElement Facts(IEnumerable<(string Name, string Value)> facts) =>
        Tag(
            "div",
            Class("scroll"),
            Tag(
                "table",
                Class("facts"),
                facts.Select(fact => Tag("tr", Tag("th", Attribute("scope", "row"), fact.Name), Tag("td", fact.Value)))
            )
        );

    /// <summary>An image that is part of the page.</summary>
    /// <param name="file">A PNG or JPEG file.</param>
    /// <param name="description">Alternative text.</param>
    public static XElement Image(ReadOnlySpan<byte> file, string description)
    {
        var type = file is [0xFF, 0xD8, ..] ? "jpeg" : "png";
        var source = $"data:image/{type};base64,{Convert.ToBase64String(file)}";
        return Tag("img", Attribute("src", source), Attribute("alt", description), Attribute("title", description));
    }

    /// <summary>The image of a file as a part of the page, for pages with many of them; the file's name where it cannot be shown.</summary>
    /// <param name="path">The file.</param>
    /// <param name="side">Pixels of the longer side at most.</param>
    public static XElement Image(string path, int side)
    {
        var name = Path.GetFileName(path);
        try
        {
            return Image(Thumbnails.Encode(Thumbnails.Fit(ImageDecoder.DecodeFile(path), side)), name);
        }
        catch (ImageInputException)
        {
            return Tag("span", Class("dim"), name);
        }
    }

    /// <summary>A whole page.</summary>
    /// <param name="title">Its title, which is also its heading.</param>
    /// <param name="body">The content.</param>
    public static string Page(string title, params object?[] body)
    {
        var page = Tag(
            "html",
            Attribute("lang", "en"),
            Tag(
                "head",
                Tag("meta", Attribute("charset", "utf-8")),
                Tag("meta", Attribute("name", "viewport"), Attribute("content", "width=device-width, initial-scale=1")),
                Tag("title", title),
                Tag("style", Style.Sheet)
            ),
            Tag("body", Tag("main", Tag("h1", title), body))
        );
        foreach (var text in page.DescendantNodes().OfType<XText>().ToList())
            text.Value = Printable(text.Value);
        foreach (var element in page.Descendants().ToList())
        {
            foreach (var attribute in element.Attributes())
                attribute.Value = Printable(attribute.Value);
            // HTML knows no <td/>: it would take what follows for the cell's content.
            if (element.IsEmpty && !Childless.Contains(element.Name.LocalName))
                element.Value = "";
        }
        return "<!DOCTYPE html>\n" + page.ToString(SaveOptions.DisableFormatting) + "\n";
    }

    /// <summary>What a model writes may hold characters that no document can.</summary>
    private static string Printable(string text) =>
        text.All(XmlConvert.IsXmlChar)
            ? text
            : string.Concat(
                text.EnumerateRunes().Select(rune => !rune.IsBmp || XmlConvert.IsXmlChar((char)rune.Value) ? rune : Rune.ReplacementChar)
            );
}
