using System.Diagnostics;
using System.Text.Json.Nodes;
using Rge.Tests.Shared.Hub;

namespace Rge.Cli.Tests;

/// <summary><c>rge pull</c>, run in a process of its own as a user would, where there is a server to talk to.</summary>
public sealed class PullVerbTests : IAsyncLifetime
{
    private const string Weights = "model.safetensors";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rge-pull-");
    private FakeHub _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await FakeHub.StartAsync();
        _hub.Client = _folder;
        _hub.Add("config.json", "{}");
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Checkpoint_lands_in_the_folder()
    {
        var weights = _hub.AddLarge(Weights, 100_000);

        var (code, output, error) = await RunAsync(FakeHub.Repository, "--out", _folder.FullName, "--json", "--token", "secret");

        Assert.True(code == 0, error);
        var result = JsonNode.Parse(output)!;
        Assert.Equal(_folder.FullName, (string?)result["folder"]);
        Assert.Equal(FakeHub.Commit, (string?)result["commit"]);
        Assert.Equal(["config.json", Weights], result["files"]!.AsArray().Select(file => (string?)file!["name"]));
        Assert.Equal(weights, await File.ReadAllBytesAsync(Path.Combine(_folder.FullName, Weights)));
        Assert.All(_hub.Requests, request => Assert.Equal("Bearer secret", request.Authorization));
    }

    [Fact]
    public async Task Folder_is_named_after_the_repository_unless_said_otherwise()
    {
        _hub.AddLarge(Weights, 1000);

        var (code, output, error) = await RunAsync(FakeHub.Repository);

        Assert.True(code == 0, error);
        Assert.Equal($"{Path.Combine(_folder.FullName, "tiny-vl")}: 2 files, 0.0 MB, commit {FakeHub.Commit}\n", output);
        Assert.True(File.Exists(Path.Combine(_folder.FullName, "tiny-vl", Weights)));
    }

    [Theory(Timeout = 180_000)]
    [InlineData("-KILL", 137)]
    [InlineData("-INT", 130)]
    public async Task Download_resumes_after_the_process_was_ended(string signal, int expectedCode)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are sent with kill");
        var weights = _hub.AddLarge(Weights, 1_000_000);
        _hub.Fail(Weights, FakeHub.StallAfter(600_000));
        using (var process = Start(FakeHub.Repository, "--out", _folder.FullName))
        {
            var part = new FileInfo(Path.Combine(_folder.FullName, Weights + ".part"));
            while ((!part.Exists || part.Length < 600_000) && !process.HasExited)
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
                part.Refresh();
            }

            using var kill = Process.Start("kill", [signal, $"{process.Id}"]);
            await process.WaitForExitAsync();
            Assert.Equal(expectedCode, process.ExitCode);
        }

        var (code, _, error) = await RunAsync(FakeHub.Repository, "--out", _folder.FullName);

        Assert.True(code == 0, error);
        Assert.Equal("bytes=600000-", _hub.Downloads.Last().Range);
        Assert.Equal(weights, await File.ReadAllBytesAsync(Path.Combine(_folder.FullName, Weights)));
    }

    [Fact]
    public async Task Refusal_is_one_sentence_and_exit_code_1()
    {
        var (code, output, error) = await RunAsync("owner/other");

        Assert.Equal(1, code);
        Assert.Empty(output);
        Assert.Equal(
            $"rge: There is no model repository 'owner/other' at {_hub.Address}, or it is private and needs an access token (--token "
                + "or HF_TOKEN); HTTP 404.\n",
            error
        );
    }

    [Theory]
    [InlineData("a/b/c")]
    [InlineData("owner/name", "--revision", "..")]
    [InlineData("owner/name", "--unknown")]
    [InlineData]
    public async Task Arguments_that_make_no_sense_give_exit_code_2(params string[] arguments)
    {
        await using var error = new StringWriter();

        Assert.Equal(2, await RgeCommand.RunAsync(["pull", .. arguments], TextWriter.Null, error));
        Assert.StartsWith("rge: ", error.ToString(), StringComparison.Ordinal);
        Assert.Single(error.ToString().TrimEnd().Split('\n'));
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    private Process Start(params string[] arguments) =>
        CommandLine.StartIn(
            _folder.FullName,
            new Dictionary<string, string>(StringComparer.Ordinal) { ["HF_ENDPOINT"] = _hub.Address.AbsoluteUri, ["HF_TOKEN"] = "" },
            ["pull", .. arguments]
        );
}
