using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Rge.Cli.Output;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class ServeVerbTests(TinyCheckpoint checkpoint) : IClassFixture<TinyCheckpoint>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_answers_logs_in_JSON_and_ends_well_when_terminated()
    {
        using var served = await ServedProcess.StartAsync(checkpoint.Model, checkpoint.PathOf("store.db"), "--model-name", "tiny", "alias", "--max-rationale-tokens", "4");
        var answer = JsonNode.Parse(await served.PostAsync("/v1/embeddings", """{"input":"a secret","model":"alias"}"""))!;
        Assert.Equal(("tiny", 4), ((string?)answer["model"], (int)answer["usage"]!["rationale_tokens"]!));

        using (var kill = Process.Start("kill", ["-TERM", served.Process.Id.ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync(Cancellation);
        await served.Process.WaitForExitAsync(Cancellation);
        Assert.Equal(ExitCodes.Success, served.Process.ExitCode);
        var lines = served.Log.Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Contains(lines, line => (string?)line["State"]?["Path"] == "/v1/embeddings" && (int?)line["State"]?["Status"] == 200);
        Assert.All(served.Log, line => Assert.DoesNotContain("a secret", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Settings_come_from_a_file_and_mistakes_in_it_are_named()
    {
        var config = checkpoint.PathOf("server.json");
        await File.WriteAllTextAsync(config, """{"limits":{"max_itmes":3}}""", Cancellation);
        Assert.Contains("the setting 'max_itmes' is not known", await ErrorAsync(ExitCodes.Failure, "serve", "-m", checkpoint.Model, "--config", config), StringComparison.Ordinal);
        Assert.Contains("leave TLS to a proxy", await ErrorAsync(ExitCodes.Usage, "serve", "-m", checkpoint.Model, "--url", "https://127.0.0.1:1"), StringComparison.Ordinal);
        Assert.Contains("whose folder does not exist", await ErrorAsync(ExitCodes.Failure, "serve", "-m", checkpoint.Model, "--store", checkpoint.PathOf("no/store.db")), StringComparison.Ordinal);
        Assert.Contains("The store cannot be understood", await ErrorAsync(ExitCodes.Failure, "serve", "-m", checkpoint.Model, "--store", "Host=a;Nonsense=b"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_in_use_and_a_model_that_is_not_there_end_the_server()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        Assert.Contains("address already in use", await ErrorAsync(ExitCodes.Failure, "serve", "-m", checkpoint.Model, "--url", $"http://{other.LocalEndpoint}"), StringComparison.Ordinal);
        Assert.Contains("nowhere", await ErrorAsync(ExitCodes.Failure, "serve", "-m", "nowhere", "--url", "http://127.0.0.1:0"), StringComparison.Ordinal);
    }
}
