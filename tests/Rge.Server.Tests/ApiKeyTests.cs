using System.Net;
using System.Text;

namespace Rge.Server.Tests;

public sealed class ApiKeyTests : IAsyncLifetime
{
    private readonly string _file = Path.GetTempFileName();
    private TestServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(_file, "# keys of the two teams\n\n  first-key-0123456789 \nsecond-key-0123456789\n");
        _server = await TestServer.StartAsync(new ServerOptions { ApiKeyFile = _file, ApiKeys = ["third-key-0123456789"] });
    }

    [Theory]
    [InlineData("Authorization", "Bearer first-key-0123456789")]
    [InlineData("Authorization", "bearer second-key-0123456789")]
    [InlineData("x-api-key", "third-key-0123456789")]
    [InlineData("api-key", "first-key-0123456789")]
    public async Task Any_of_the_keys_opens(string header, string value)
    {
        using var response = await AskAsync(header, value);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("Authorization", "Bearer first-key-012345678", "invalid_api_key")]
    [InlineData("Authorization", "Bearer first-key-01234567890", "invalid_api_key")]
    [InlineData("Authorization", "Bearer FIRST-KEY-0123456789", "invalid_api_key")]
    [InlineData("Authorization", "Bearer ", "missing_api_key")]
    [InlineData("Authorization", "Basic first-key-0123456789", "missing_api_key")]
    [InlineData("x-api-key", "# keys of the two teams", "invalid_api_key")]
    [InlineData("x-other", "first-key-0123456789", "missing_api_key")]
    public async Task Anything_else_does_not(string header, string value, string code)
    {
        using var response = await AskAsync(header, value);
        var error = await ErrorSeen.ReadAsync(response);
        Assert.Equal((401, "authentication_error", code), (error.Status, error.Type, error.Code));
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task Only_health_and_reference_are_open()
    {
        foreach (var open in (string[])["/health/live", "/health/ready", "/reference/", "/openapi/v1.json"])
            Assert.Equal(HttpStatusCode.OK, (await _server.Client.GetAsync(open, TestContext.Current.CancellationToken)).StatusCode);
        foreach (var closed in (string[])["/v1/models", "/v1/models/shapeworld", "/metrics", "/v1/nothing"])
            Assert.Equal(
                HttpStatusCode.Unauthorized,
                (await _server.Client.GetAsync(closed, TestContext.Current.CancellationToken)).StatusCode
            );
    }

    [Fact]
    public async Task The_file_is_read_again_when_it_changes()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("fourth-key-0123456789"));
        await File.WriteAllTextAsync(_file, "second-key-0123456789\nfourth-key-0123456789\n");
        await TestServer.UntilAsync(async () => await StatusAsync("fourth-key-0123456789") == HttpStatusCode.OK);
        // Withdrawn with the same change; the key that is in no file stays.
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("first-key-0123456789"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("third-key-0123456789"));

        // A file that is emptied or missing opens nothing and closes nothing.
        await File.WriteAllTextAsync(_file, "# none\n");
        await TestServer.UntilAsync(async () =>
        {
            Assert.Equal(
                (HttpStatusCode.OK, HttpStatusCode.Unauthorized),
                (await StatusAsync("second-key-0123456789"), await StatusAsync("any"))
            );
            return _server.Errors.Any(error => error.Contains("The API keys stay as they were", StringComparison.Ordinal));
        });

        async Task<HttpStatusCode> StatusAsync(string key)
        {
            using var response = await AskAsync("x-api-key", key);
            return response.StatusCode;
        }
    }

    [Fact]
    public void A_file_without_keys_is_refused()
    {
        var empty = Path.GetTempFileName();
        File.WriteAllText(empty, "# none\n");
        Assert.Contains("has no key", Assert.Throws<ServerException>(() => Build(empty)).Message, StringComparison.Ordinal);
        File.Delete(empty);
        Assert.Contains("cannot be read", Assert.Throws<ServerException>(() => Build(empty)).Message, StringComparison.Ordinal);

        static void Build(string file) =>
            RgeServer.Build(new ServerOptions { ApiKeyFile = file }, _ => throw new InvalidOperationException());
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        File.Delete(_file);
    }

    private async Task<HttpResponseMessage> AskAsync(string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/embeddings")
        {
            Content = new StringContent("""{"input":"a red circle","reasoning":"off"}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation(header, value);
        return await _server.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
