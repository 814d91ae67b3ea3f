using System.Net.Sockets;
using Rge.Tests.Shared;

namespace Rge.Files.Tests;

public sealed class FolderLockTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    private string Run => Path.Combine(_folder.Path, "run");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_in_use_is_refused_until_it_is_released()
    {
        using (FolderLock.Take(Run))
        {
            File.WriteAllText(Path.Combine(Run, "log"), "");
            var error = Assert.Throws<FolderInUseException>(() => FolderLock.Take(Run));
            Assert.Contains("is in use by a run that has not ended", error.Message, StringComparison.Ordinal);
        }
        FolderLock.Take(Run).Dispose();
    }

    [Fact]
    public void A_lock_that_cannot_be_opened_is_no_other_run()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere a socket is no file that is there and cannot be opened");
        Directory.CreateDirectory(Run);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(Run, FolderLock.FileName)));
        var error = Assert.Throws<FolderInUseException>(() => FolderLock.Take(Run));
        Assert.StartsWith($"{Run} cannot be used as the folder of a run: ", error.Message, StringComparison.Ordinal);
    }
}
