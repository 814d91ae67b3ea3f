using Rge.Tests.Shared;

namespace Rge.Data.Tests;

public sealed class ImageFilesTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    [Fact]
    public void Missing_files_and_pointers_are_told_apart()
    {
        _scratch.With("image.png", "no image, which is not looked at").With("pointer.png", "version https://git-lfs.github.com/spec/v1\n");
        _scratch.With("empty.png", "");
        Assert.Equal(ImageFileProblem.Missing, Problem("other.png"));
        // A folder is no file.
        Assert.Equal(ImageFileProblem.Missing, Problem(""));
        Assert.Equal(ImageFileProblem.Pointer, Problem("pointer.png"));
        Assert.Null(Problem("image.png"));
        Assert.Null(Problem("empty.png"));
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_left_to_decoding()
    {
        using var held = new FileStream(_scratch["held.png"], FileMode.Create, FileAccess.Write, FileShare.None);
        held.Write("version https://git-lfs.github.com/spec/v1\n"u8);
        held.Flush();
        Assert.Null(Problem("held.png"));
    }

    public void Dispose() => _scratch.Dispose();

    private ImageFileProblem? Problem(string name) => ImageFiles.Problem(ImageSource.FromFile(_scratch[name]));
}
