using System.Net;

namespace Rge.Server.Tests;

/// <summary>A server without keys on the local machine, called by a browser that shows a foreign page.</summary>
public sealed class BrowserGuardTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("rebound.example")]
    [InlineData("rebound.example:8000")]
    [InlineData("127.0.0.1.rebound.example")]
    [InlineData("localhost.rebound.example")]
    public async Task A_name_that_was_made_to_point_here_is_refused(string host)
    {
        await using var server = await TestServer.StartAsync();
        var error = await AskAsync(server, host, origin: null);
        Assert.Equal((403, "unknown_host"), (error!.Status, error.Code));
    }

    [Theory]
    [InlineData("http://elsewhere.example")]
    [InlineData("null")]
    [InlineData("http://127.0.0.1:1")]
    public async Task A_page_from_elsewhere_is_refused(string origin)
    {
        await using var server = await TestServer.StartAsync();
        var error = await AskAsync(server, server.Address.Authority, origin);
        Assert.Equal((403, "foreign_origin"), (error!.Status, error.Code));
    }

    [Fact]
    public async Task Two_origins_are_no_browsers()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port, Cancel);
        var own = $"http://{server.Address.Authority}";
        await client
            .GetStream()
            .WriteAsync(
                System.Text.Encoding.ASCII.GetBytes(
                    $"GET /v1/models HTTP/1.1\r\nHost: {server.Address.Authority}\r\nOrigin: {own}\r\nOrigin: "
                        + "http://elsewhere.example\r\n\r\n"
                ),
                Cancel
            );
        using var reader = new StreamReader(client.GetStream());
        Assert.Equal("HTTP/1.1 403 Forbidden", await reader.ReadLineAsync(Cancel));
    }

    [Fact]
    public async Task Its_own_names_and_page_are_served()
    {
        await using var server = await TestServer.StartAsync(new ServerOptions { HostNames = ["search.example"] });
        foreach (
            var host in (string[])
                [server.Address.Authority, $"localhost:{server.Address.Port}", "[::1]", Environment.MachineName, "SEARCH.example"]
        )
        {
            Assert.Null(await AskAsync(server, host, origin: null));
            Assert.Null(await AskAsync(server, host, $"http://{host}"));
        }
    }

    [Fact]
    public async Task Where_a_key_is_asked_for_it_decides()
    {
        await using var server = await TestServer.StartAsync(new ServerOptions { ApiKeys = ["secret"] });
        Assert.Null(await AskAsync(server, "search.example", "https://search.example", "secret"));
        Assert.Equal(401, (await AskAsync(server, "search.example", "https://elsewhere.example"))!.Status);
    }

    /// <returns>The error; null for an answer.</returns>
    private static async Task<ErrorSeen?> AskAsync(TestServer server, string host, string? origin, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.Host = host;
        if (origin is not null)
            request.Headers.TryAddWithoutValidation("Origin", origin);
        if (key is not null)
            request.Headers.Add("x-api-key", key);
        using var response = await server.Client.SendAsync(request, Cancel);
        return response.StatusCode == HttpStatusCode.OK ? null : await ErrorSeen.ReadAsync(response);
    }
}
