using System.Net.Sockets;
using Rge.Jobs;
using Rge.Tests.Shared;
using Rge.Tests.Shared.Embedders;

namespace Rge.Tests.Jobs;

public sealed class EmbeddingJobTests : IClassFixture<EmbedderFixture>, IDisposable
{
    private readonly EmbedderFixture _fixture;
    private readonly ScratchFolder _folder = new();
    private readonly EmbeddingJob _job;

    public EmbeddingJobTests(EmbedderFixture fixture)
    {
        var rows = Path.Combine(_folder.Path, "rows.jsonl");
        File.WriteAllText(rows, """{"text": "a"}""" + "\n");
        (_fixture, _job) = (fixture, new EmbeddingJob(rows, Path.Combine(_folder.Path, "out.jsonl")));
    }

    private string Part => _job.Output + ".part";

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_another_run_has_open_is_said_to_be_written()
    {
        using var held = new FileStream(Part, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        Assert.StartsWith($"{Part} is being written by another run: ", await ProblemAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_in_the_way_is_no_other_run()
    {
        Directory.CreateDirectory(Part);
        Assert.Equal($"{Part} cannot be written: it is a folder, expected a file.", await ProblemAsync());
    }

    [Fact]
    public async Task A_socket_in_the_way_is_no_other_run()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere it may not be a file that is there");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Part));
        Assert.Equal($"{Part} cannot be written: it is a pipe, a socket or a device, not a file.", await ProblemAsync());
    }

    private async Task<string> ProblemAsync() =>
        (
            await Assert.ThrowsAsync<EmbeddingJobException>(() =>
                _job.RunAsync(_fixture.Embedder, "settings", cancellationToken: TestContext.Current.CancellationToken)
            )
        ).Message;
}
