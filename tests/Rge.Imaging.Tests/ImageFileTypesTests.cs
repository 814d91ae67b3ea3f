namespace Rge.Imaging.Tests;

public sealed class ImageFileTypesTests
{
    [Theory]
    [InlineData("a/b.png", true, false)]
    [InlineData("IMG.JPG", true, false)]
    [InlineData("scan.jpe", true, false)]
    [InlineData("saved.jfif", true, false)]
    [InlineData("moving.apng", true, false)]
    [InlineData("IMG_0001.HEIC", false, true)]
    [InlineData("x.avif", false, true)]
    [InlineData("x.tif", false, true)]
    [InlineData("x.svg", false, true)]
    [InlineData("notes.txt", false, false)]
    [InlineData("png", false, false)]
    public void The_extension_tells_what_can_be_read(string path, bool readable, bool unreadable) =>
        Assert.Equal((readable, unreadable), (ImageFileTypes.IsReadable(path), ImageFileTypes.IsKnownUnreadable(path)));
}
