using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class ServeVerbTests(TinyCheckpoint checkpoint) : IClassFixture<TinyCheckpoint>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_answers_logs_in_JSON_and_ends_well_when_terminated()
    {
        var url = $"http://127.0.0.1:{FreePort()}";
        using var process = Start("serve", "-m", checkpoint.Model, "--url", url, "--model-name", "tiny", "alias", "--max-rationale-tokens", "4");
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        using var client = new HttpClient { BaseAddress = new Uri(url) };
        while (!await IsReadyAsync(client))
        {
            Assert.False(process.HasExited);
            await Task.Delay(50, Cancellation);
        }
        using var body = new StringContent("""{"input":"a secret","model":"alias"}""", Encoding.UTF8, "application/json");
        using var response = await client.PostAsync("/v1/embeddings", body, Cancellation);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancellation))!;
        Assert.Equal(("tiny", 4), ((string?)answer["model"], (int)answer["usage"]!["rationale_tokens"]!));

        using (var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        Assert.Equal(RgeCommand.Success, process.ExitCode);
        var lines = (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Contains(lines, line => (string?)line["State"]?["Path"] == "/v1/embeddings" && (int?)line["State"]?["Status"] == 200);
        Assert.DoesNotContain("a secret", await output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_come_from_a_file_and_mistakes_in_it_are_named()
    {
        var config = checkpoint.PathOf("server.json");
        await File.WriteAllTextAsync(config, """{"limits":{"max_itmes":3}}""", Cancellation);
        Assert.Contains("the setting 'max_itmes' is not known", await ErrorAsync(RgeCommand.Failure, "serve", "-m", checkpoint.Model, "--config", config), StringComparison.Ordinal);
        Assert.Contains("leave TLS to a proxy", await ErrorAsync(RgeCommand.Failure, "serve", "-m", checkpoint.Model, "--url", "https://127.0.0.1:1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_in_use_and_a_model_that_is_not_there_end_the_server()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        Assert.Contains("address already in use", await ErrorAsync(RgeCommand.Failure, "serve", "-m", checkpoint.Model, "--url", $"http://{other.LocalEndpoint}"), StringComparison.Ordinal);
        Assert.Contains("nowhere", await ErrorAsync(RgeCommand.Failure, "serve", "-m", "nowhere", "--url", $"http://127.0.0.1:{FreePort()}"), StringComparison.Ordinal);
    }

    private static async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            return (await client.GetAsync("/health/ready", Cancellation)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
