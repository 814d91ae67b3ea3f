using System.Diagnostics;
using System.Net.Sockets;
using Rge.Files.Yaml;
using Rge.Tests.Shared;

namespace Rge.Files.Tests;

public sealed class FileReaderTests : IDisposable
{
    private const string Refused = "is a pipe, a socket or a device, not a file";

    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Every way in, by name.</summary>
    public static TheoryData<string> Ways => ["Open", "OpenHandle", "ReadBytes", "ReadText", "ReadLines", "Yaml", "Config", "Copy"];

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Ways))]
    public async Task Pipes_and_devices_are_refused_before_they_are_opened(string way)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such files");
        var pipe = Path.Combine(_folder.Path, "pipe");
        await Process.Start("mkfifo", pipe).WaitForExitAsync(TestContext.Current.CancellationToken);
        foreach (var path in (string[])[pipe, "/dev/zero", "/dev/null"])
        {
            // On a thread of its own: a pipe that is waited for fails the test by its timeout.
            var error = await Assert.ThrowsAnyAsync<Exception>(() =>
                Task.Run(() => Read(way, path), TestContext.Current.CancellationToken)
            );
            Assert.Contains(Refused, error.Message, StringComparison.Ordinal);
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Sockets_and_links_in_a_circle_are_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such files");
        var (name, loop) = (Path.Combine(_folder.Path, "socket"), Path.Combine(_folder.Path, "loop"));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(name));
        File.CreateSymbolicLink(loop, loop);
        Assert.Equal($"{name} {Refused}.", Assert.Throws<IrregularFileException>(() => FileReader.Require(name)).Message);
        Assert.Equal(
            $"{loop} is a link that leads back to itself.",
            Assert.Throws<IrregularFileException>(() => FileReader.Require(loop)).Message
        );
    }

    [Fact]
    public void Files_links_to_files_folders_and_missing_files_are_left_to_the_caller()
    {
        var (file, link) = (Path.Combine(_folder.Path, "file"), Path.Combine(_folder.Path, "link"));
        File.WriteAllText(file, "one\ntwo\n");
        File.CreateSymbolicLink(link, file);
        Assert.Equal("one\ntwo\n", FileReader.ReadText(link));
        Assert.Equal(["one", "two"], FileReader.ReadLines(file));
        Assert.Equal("one\ntwo\n"u8.ToArray(), FileReader.ReadBytes(file));
        FileReader.Require(_folder.Path);
        Assert.Throws<FileNotFoundException>(() => FileReader.Open(Path.Combine(_folder.Path, "nothing")));
    }

    [Fact]
    public void A_file_that_another_has_to_itself_is_told_in_our_words()
    {
        var path = Path.Combine(_folder.Path, "held");
        using var held = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        var error = Assert.Throws<IOException>(() => FileReader.Open(path));
        Assert.Equal("another process is using it", FileProblem.Of(path, error));
    }

    private void Read(string way, string path)
    {
        switch (way)
        {
            case "Open":
                FileReader.Open(path).Dispose();
                break;
            case "OpenHandle":
                FileReader.OpenHandle(path).Dispose();
                break;
            case "ReadBytes":
                FileReader.ReadBytes(path);
                break;
            case "ReadText":
                FileReader.ReadText(path);
                break;
            case "ReadLines":
                _ = FileReader.ReadLines(path).Count();
                break;
            case "Yaml":
                var yaml = Assert.Throws<YamlTextException>(() => YamlText.Read(path));
                throw yaml;
            case "Config":
                var config = Assert.Throws<CheckpointException>(() => JsonFile.ReadObject(path));
                throw config;
            default:
                AtomicFile.Copy(path, Path.Combine(_folder.Path, "copy"));
                break;
        }
    }
}
