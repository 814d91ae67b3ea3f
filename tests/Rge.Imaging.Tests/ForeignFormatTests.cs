using System.Text;
using Rge.Files;

namespace Rge.Imaging.Tests;

public sealed class ForeignFormatTests
{
    [Theory]
    [InlineData("", "is empty")]
    [InlineData("\0\0\0\u0018ftypheic\0\0\0\0mif1heic", "is a HEIC image")]
    [InlineData("\0\0\0\u0018ftypmif1\0\0\0\0mif1heic", "is a HEIC image")]
    [InlineData("\0\0\0 ftypavif\0\0\0\0avifmif1", "is an AVIF image")]
    [InlineData("\0\0\0 ftypmif1\0\0\0\0avifmif1", "is an AVIF image")]
    [InlineData("\0\0\0 ftypisom\0\0\u0002\0isomiso2", "is a video (MP4")]
    [InlineData("II*\0\b\0\0\0", "is a TIFF image")]
    [InlineData("MM\0*\0\0\0\b", "is a TIFF image")]
    [InlineData("\u00FF\n\u00FA", "is a JPEG XL image")]
    [InlineData("\0\0\0\fJXL \r\n", "is a JPEG XL image")]
    [InlineData("\0\0\u0001\0\u0001\0", "is an icon")]
    [InlineData("%PDF-1.7", "is a PDF document")]
    [InlineData("\u001AEß£\u009FB", "is a video (WebM")]
    [InlineData("RIFF\0\0\0\0AVI LIST", "is a video (AVI)")]
    [InlineData("PK\u0003\u0004", "is a ZIP archive")]
    [InlineData("<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "is an SVG drawing")]
    [InlineData("<?xml version=\"1.0\"?>\n<!-- drawn -->\n<svg/>", "is an SVG drawing")]
    [InlineData("\n<!DOCTYPE html><html><head>", "is a web page (HTML)")]
    [InlineData("<HTML><BODY>404", "is a web page (HTML)")]
    [InlineData("{\"error\": \"not found\"}", "is JSON")]
    [InlineData("data:image/png;base64,iVBORw0KGgo=", "is a data URI")]
    [InlineData("https://example.org/cat.jpg", "is an address")]
    [InlineData("a red bicycle\n", "is text")]
    [InlineData("\u0001\u0002\u0003\u0004", "is of no format that is known")]
    [InlineData(
        "version https://git-lfs.github.com/spec/v1\noid sha256:01\nsize 20503198\n",
        "is a Git LFS pointer, not the file of 20.5 MB"
    )]
    public void A_file_of_another_format_is_called_by_its_name(string content, string expected)
    {
        var message = Assert.Throws<ImageInputException>(() => ImageDecoder.Decode(Encoding.Latin1.GetBytes(content), "x.jpg")).Message;
        Assert.StartsWith("x.jpg " + expected, message, StringComparison.Ordinal);
        Assert.EndsWith(".", message, StringComparison.Ordinal);
        Assert.InRange(message.Length, 10, 300);
    }

    [Fact]
    public void Text_that_is_cut_within_a_character_is_text()
    {
        var bytes = Encoding.UTF8.GetBytes(new string('x', 511) + "東京の写真");
        Assert.Contains(
            "is text",
            Assert.Throws<ImageInputException>(() => ImageDecoder.Decode(bytes, "x.jpg")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_file_that_is_too_large_is_measured_for_people()
    {
        var limits = new ImageLimits { MaxBytes = 16_000_000 };
        Assert.Equal(
            "x.jpg has 20.5 MB, expected at most 16 MB.",
            Assert.Throws<ImageInputException>(() => ImageDecoder.Decode(new byte[20_503_198], "x.jpg", limits)).Message
        );
        Assert.Equal(
            "x.jpg has 16000001 bytes, expected at most 16000000.",
            Assert.Throws<ImageInputException>(() => ImageDecoder.Decode(new byte[16_000_001], "x.jpg", limits)).Message
        );
    }

    [Theory]
    [InlineData(1, "1 byte")]
    [InlineData(999, "999 bytes")]
    [InlineData(1000, "1 kB")]
    [InlineData(999_949, "999.9 kB")]
    [InlineData(999_950, "1 MB")]
    [InlineData(3_983_525_352, "4 GB")]
    public void Sizes_are_shown_in_the_unit_that_suits_them(long bytes, string expected) => Assert.Equal(expected, ByteSize.Show(bytes));
}
