using Rge.Tests.Shared;

namespace Rge.Files.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    private string FilePath => _folder["file"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_whole_file_takes_the_place_of_the_old_one(bool isAsync)
    {
        await WriteAsync(isAsync, stream => stream.Write("old, and longer"u8));
        await WriteAsync(isAsync, stream => stream.Write("new"u8));
        Assert.Equal("new", await File.ReadAllTextAsync(FilePath, TestContext.Current.CancellationToken));
        Assert.Equal([FilePath], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_write_that_fails_leaves_the_old_file_alone(bool isAsync)
    {
        await WriteAsync(isAsync, stream => stream.Write("old"u8));
        await Assert.ThrowsAsync<InvalidDataException>(() => WriteAsync(isAsync, stream =>
            {
                stream.Write("half of the"u8);
                throw new InvalidDataException();
            }));
        Assert.Equal("old", await File.ReadAllTextAsync(FilePath, TestContext.Current.CancellationToken));
        Assert.Equal([FilePath], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task A_file_cannot_take_the_place_of_a_folder()
    {
        Directory.CreateDirectory(FilePath);
        await Assert.ThrowsAnyAsync<Exception>(() => WriteAsync(isAsync: true, stream => stream.Write("new"u8)));
        Assert.Equal([FilePath], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_device_is_written_to_and_not_replaced(bool isAsync)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there are no such devices");
        File.CreateSymbolicLink(FilePath, "/dev/null");
        await WriteAsync(isAsync, stream => stream.Write("gone"u8));
        Assert.Equal("/dev/null", new FileInfo(FilePath).LinkTarget);
        Assert.Equal([FilePath], Directory.GetFileSystemEntries(_folder.Path));
    }

    private async Task WriteAsync(bool isAsync, Action<Stream> write)
    {
        if (!isAsync)
        {
            AtomicFile.Write(FilePath, write);
            return;
        }
        await AtomicFile.WriteAsync(FilePath, async stream =>
        {
            await Task.Yield();
            write(stream);
        });
    }
}
