using Microsoft.AspNetCore.Http;
using Rge.Tests.Shared.Hub;

namespace Rge.Hub.Tests;

/// <summary>Names, tokens, redirects and refusals.</summary>
public sealed class HubAccessTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rge-hub-");
    private readonly HttpClient _http = HubDownloader.CreateHttpClient();
    private FakeHub _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await FakeHub.StartAsync();
        _hub.AddLarge("model.safetensors", 1000);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _hub.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Token_goes_to_the_endpoint_and_not_to_another_host()
    {
        await using var storage = await FakeHub.StartAsync();
        storage.Files["model.safetensors"] = _hub.Files["model.safetensors"];
        _hub.Fail("model.safetensors", FakeHub.Redirect(context => new Uri(storage.Address, context.Request.Path.Value).AbsoluteUri));

        await PullAsync("secret");

        Assert.Equal(["Bearer secret", "Bearer secret"], _hub.Requests.Select(request => request.Authorization));
        Assert.Equal("", Assert.Single(storage.Requests).Authorization);
        Assert.Equal(1000, new FileInfo(Path.Combine(_folder.FullName, "model.safetensors")).Length);
    }

    [Fact]
    public async Task Token_goes_along_with_a_redirect_within_the_endpoint()
    {
        _hub.Fail("model.safetensors", FakeHub.Redirect(context => "/elsewhere" + context.Request.Path));

        await PullAsync("secret");

        Assert.Equal(3, _hub.Requests.Count);
        Assert.All(_hub.Requests, request => Assert.Equal("Bearer secret", request.Authorization));
    }

    [Fact]
    public async Task Without_a_token_there_is_no_authorization()
    {
        await PullAsync();
        Assert.All(_hub.Requests, request => Assert.Equal("", request.Authorization));
    }

    [Theory]
    [InlineData("two\nlines")]
    [InlineData("two words")]
    public void Token_that_cannot_be_sent_is_refused(string token) =>
        Assert.Throws<HubException>(() => new HubDownloader(_http, new HubOptions { Token = token }));

    [Fact]
    public async Task Redirects_without_end_are_refused()
    {
        _hub.Fail("model.safetensors", [.. Enumerable.Repeat(FakeHub.Redirect(context => context.Request.Path), 20)]);

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());
        Assert.EndsWith("redirects more than 5 times.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404, null, null, "There is no model repository 'owner/tiny-vl' at ")]
    [InlineData(401, "RepoNotFound", null, "There is no model repository 'owner/tiny-vl' at ")]
    [InlineData(404, "RevisionNotFound", null, "'owner/tiny-vl' at ")]
    [InlineData(401, "GatedRepo", null, "'owner/tiny-vl' is gated: ask for access at ")]
    [InlineData(403, null, "secret", "'owner/tiny-vl' is gated: ask for access at ")]
    [InlineData(401, null, null, "'owner/tiny-vl' needs an access token (--token or HF_TOKEN); HTTP 401.")]
    [InlineData(418, null, null, "127.0.0.1 answers HTTP 418 for 'owner/tiny-vl'.")]
    public async Task Refusal_says_what_to_do(int status, string? code, string? token, string message)
    {
        _hub.Listing = context =>
        {
            context.Response.StatusCode = status;
            if (code is not null)
                context.Response.Headers["X-Error-Code"] = code;
            return Task.CompletedTask;
        };

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync(token));

        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
        Assert.Single(_hub.Requests);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_token_is_reported()
    {
        _hub.Listing = context =>
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        };

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync("secret"));
        Assert.Equal($"{_hub.Address} does not accept the access token; HTTP 401.", error.Message);
    }

    [Fact]
    public async Task Busy_listing_is_asked_again()
    {
        var asked = 0;
        _hub.Listing = context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            if (++asked == 2)
                _hub.Listing = null;
            return Task.CompletedTask;
        };

        var reported = new Waits();
        await new HubDownloader(_http, new HubOptions { Endpoint = _hub.Address }, new SkippedTime()).FindAsync(
            FakeHub.Repository,
            waiting: reported
        );
        Assert.Equal(2, asked);
        Assert.Equal(
            [
                "127.0.0.1 answers HTTP 503; trying again in 1 s (attempt 2 of 6)",
                "127.0.0.1 answers HTTP 503; trying again in 2 s (attempt 3 of 6)",
            ],
            reported.Lines
        );
    }

    [Fact]
    public async Task Unreachable_server_is_reported()
    {
        await _hub.DisposeAsync();
        var downloader = new HubDownloader(
            _http,
            new HubOptions { Endpoint = new Uri("http://127.0.0.1:9"), Attempts = 2 },
            new SkippedTime()
        );

        var error = await Assert.ThrowsAsync<HubException>(() => downloader.FindAsync(FakeHub.Repository));
        Assert.StartsWith(
            "The files of 'owner/tiny-vl' cannot be listed: 127.0.0.1 cannot be reached: ",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_host_that_does_not_exist_is_asked_for_once()
    {
        var handler = new UnknownHost();
        using var http = new HttpClient(handler);
        var downloader = new HubDownloader(
            http,
            new HubOptions { Endpoint = new Uri("http://hub.invalid"), Attempts = 6 },
            new SkippedTime()
        );

        var error = await Assert.ThrowsAsync<HubException>(() => downloader.FindAsync(FakeHub.Repository));
        Assert.StartsWith("There is no host 'hub.invalid', or no network to ask for it: ", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, handler.Requests);
    }

    private sealed class Waits : IProgress<string>
    {
        public List<string> Lines { get; } = [];

        public void Report(string value) => Lines.Add(value);
    }

    private sealed class UnknownHost : HttpMessageHandler
    {
        public int Requests { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests++;
            throw new HttpRequestException(HttpRequestError.NameResolutionError, "Name or service not known");
        }
    }

    [Theory]
    [InlineData("../model.safetensors")]
    [InlineData("/etc/model.safetensors")]
    [InlineData("a/../../model.safetensors")]
    [InlineData("a//model.safetensors")]
    [InlineData("./model.safetensors")]
    [InlineData("..\\\\model.safetensors")]
    [InlineData("C:model.safetensors")]
    [InlineData("a\\nmodel.safetensors")]
    [InlineData("..")]
    [InlineData("")]
    public async Task Name_that_leads_out_of_the_folder_is_refused(string name)
    {
        List($$"""{ "sha": "1", "siblings": [{ "rfilename": "{{name}}", "size": 1 }] }""");

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.EndsWith("is no path inside the folder; nothing was written.", error.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.EnumerateFileSystemInfos());
    }

    [Fact]
    public async Task Snapshot_made_by_hand_cannot_lead_out_of_the_folder_either()
    {
        var downloader = new HubDownloader(_http, new HubOptions { Endpoint = _hub.Address });
        var snapshot = new HubSnapshot(FakeHub.Repository, FakeHub.Commit, [new HubFile("../model.safetensors", 1000, null, null)]);

        await Assert.ThrowsAsync<HubException>(() => downloader.DownloadAsync(snapshot, _folder.FullName));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{ "sha": "1" }""")]
    [InlineData("""{ "siblings": [] }""")]
    [InlineData("""{ "sha": "1", "siblings": [null] }""")]
    [InlineData("""{ "sha": "1", "siblings": [{ "rfilename": "model.safetensors" }] }""")]
    [InlineData("""{ "sha": "1", "siblings": [{ "rfilename": "model.safetensors", "size": -1 }] }""")]
    [InlineData("""{ "sha": "1", "siblings": [{ "rfilename": "model.safetensors", "size": 9223372036854775807 }] }""")]
    public async Task Answer_that_is_no_listing_is_refused(string json)
    {
        List(json);

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());
        Assert.StartsWith("The server's answer about 'owner/tiny-vl' is not a listing of files: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Repository_without_safetensors_is_refused_with_what_it_has()
    {
        _hub.Files.Clear();
        _hub.Add("config.json", "{}");
        _hub.Add("pytorch_model.bin", "weights");

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());
        Assert.Equal("'owner/tiny-vl' has no *.safetensors in its top folder; it holds config.json, pytorch_model.bin.", error.Message);
    }

    [Theory]
    [InlineData("Qwen/Qwen2.5-VL-3B-Instruct", true)]
    [InlineData("gpt2", true)]
    [InlineData("a/b_c.d", true)]
    [InlineData("", false)]
    [InlineData("a/b/c", false)]
    [InlineData("a/", false)]
    [InlineData("/b", false)]
    [InlineData("../b", false)]
    [InlineData("a/b..c", false)]
    [InlineData("a/b?x=1", false)]
    [InlineData("https://huggingface.co/a/b", false)]
    public async Task Repository_names_are_checked(string name, bool isName)
    {
        Assert.Equal(isName, HubDownloader.IsRepositoryName(name));
        if (!isName)
            await Assert.ThrowsAsync<ArgumentException>(() => new HubDownloader(_http).FindAsync(name));
    }

    private void List(string json) => _hub.Listing = context => context.Response.WriteAsync(json);

    private async Task PullAsync(string? token = null)
    {
        var downloader = new HubDownloader(_http, new HubOptions { Endpoint = _hub.Address, Token = token }, new SkippedTime());
        await downloader.DownloadAsync(await downloader.FindAsync(FakeHub.Repository), _folder.FullName);
    }
}
