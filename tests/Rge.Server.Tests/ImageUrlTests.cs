using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Rge.Server.Images;
using Rge.Tests.Shared;

namespace Rge.Server.Tests;

/// <summary>Images by URL: fetched from hosts on the list, and never from inside the network.</summary>
public sealed class ImageUrlTests : IAsyncLifetime
{
    private const string Public = "93.184.215.14",
        OtherPublic = "2606:2800:21f:cb07:6820:80da:af6b:8b2c";

    private ImageServer _images = null!;
    private FakeNetwork _network = null!;
    private TestServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _images = await ImageServer.StartAsync();
        _network = new FakeNetwork(_images.Port);
        _network.Add("pictures.example", Public);
        _network.Add("more.pictures.example", OtherPublic);
        _server = await StartAsync("*");
    }

    [Fact]
    public async Task An_image_is_fetched_once_however_often_it_is_shown()
    {
        var answer = await _server.PostAsync(
            "/v1/embeddings",
            """
            {"reasoning":"off","input":[{"image":"http://pictures.example/picture.png"},{"image":"http://pictures.example/picture.png"},{"image":"http://more.pictures.example/picture.png"}]}
            """
        );
        var sent = await _server.PostAsync(
            "/v1/embeddings",
            $$"""{"reasoning":"off","input":[{"image":"{{TestImages.DataUri(TestImages.Grey(28, 28))}}"}]}"""
        );
        for (var i = 0; i < 3; i++)
            Vectors.Same(Vectors.Floats(answer["data"]![i]!["embedding"]), Vectors.Floats(sent["data"]![0]!["embedding"]));
        Assert.Equal(["more.pictures.example/picture.png", "pictures.example/picture.png"], _images.Asked.Order(StringComparer.Ordinal));
        Assert.Equal(
            [Public, OtherPublic],
            _network.Connected.Select(endPoint => endPoint.Address.ToString()).Order(StringComparer.Ordinal).Reverse()
        );
    }

    [Fact]
    public async Task They_are_off_unless_allowed()
    {
        await using var server = await StartAsync();
        Assert.Contains(
            "URLs are not fetched here",
            await RefusedAsync("http://pictures.example/picture.png", server),
            StringComparison.Ordinal
        );
        Assert.Empty(_network.Resolved);
    }

    [Theory]
    [InlineData("http://127.0.0.1/picture.png")]
    [InlineData("http://127.1/picture.png")]
    [InlineData("http://2130706433/picture.png")]
    [InlineData("http://0177.0.0.1/picture.png")]
    [InlineData("http://0x7f.0.0.1/picture.png")]
    [InlineData("http://0x7f000001/picture.png")]
    [InlineData("http://0/picture.png")]
    [InlineData("http://10.1.2.3/picture.png")]
    [InlineData("http://100.64.0.1/picture.png")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://172.31.255.255/picture.png")]
    [InlineData("http://192.168.0.1/picture.png")]
    [InlineData("http://198.18.0.1/picture.png")]
    [InlineData("http://224.0.0.1/picture.png")]
    [InlineData("http://255.255.255.255/picture.png")]
    [InlineData("http://[::1]/picture.png")]
    [InlineData("http://[::]/picture.png")]
    [InlineData("http://[::ffff:127.0.0.1]/picture.png")]
    [InlineData("http://[::ffff:7f00:1]/picture.png")]
    [InlineData("http://[::127.0.0.1]/picture.png")]
    [InlineData("http://[64:ff9b::127.0.0.1]/picture.png")]
    [InlineData("http://[64:ff9b:1::7f00:1]/picture.png")]
    [InlineData("http://[2002:7f00:1::]/picture.png")]
    [InlineData("http://[2001:0:7f00:1::]/picture.png")]
    [InlineData("http://[fd12::1]/picture.png")]
    [InlineData("http://[fe80::1]/picture.png")]
    [InlineData("http://[ff02::1]/picture.png")]
    [InlineData("http://localhost/picture.png")]
    [InlineData("http://inside.example/picture.png")]
    [InlineData("http://mixed.example/picture.png")]
    [InlineData("http://mapped.example/picture.png")]
    public async Task Addresses_inside_are_never_connected_to(string url)
    {
        _network.Add("localhost", "127.0.0.1");
        _network.Add("inside.example", "10.0.0.7");
        _network.Add("mixed.example", Public, "192.168.1.1");
        _network.Add("mapped.example", "::ffff:169.254.169.254");
        Assert.Contains("not public", await RefusedAsync(url), StringComparison.Ordinal);
        Assert.Empty(_network.Connected);
        Assert.Empty(_images.Asked);
    }

    [Theory]
    [InlineData("http://127.0.0.1/picture.png")]
    [InlineData("http://[::1]/picture.png")]
    [InlineData("http://inside.example/picture.png")]
    [InlineData("//inside.example/picture.png")]
    public async Task Redirects_to_addresses_inside_are_not_followed(string target)
    {
        _network.Add("inside.example", "10.0.0.7");
        Assert.Contains(
            "not public",
            await RefusedAsync($"http://pictures.example/redirect?to={Uri.EscapeDataString(target)}"),
            StringComparison.Ordinal
        );
        Assert.Equal("pictures.example/redirect", Assert.Single(_images.Asked));
        Assert.Equal(Public, Assert.Single(_network.Connected).Address.ToString());
    }

    [Fact]
    public async Task Other_redirects_are_followed_within_reason()
    {
        var url =
            "http://pictures.example/redirect?to="
            + Uri.EscapeDataString("http://more.pictures.example/redirect?to=" + Uri.EscapeDataString("/picture.png"));
        await _server.PostAsync("/v1/embeddings", $$"""{"reasoning":"off","input":[{"image":"{{url}}"}]}""");
        Assert.Contains("redirects more than 3 times", await RefusedAsync("http://pictures.example/loop"), StringComparison.Ordinal);
        Assert.Contains(
            "scheme file",
            await RefusedAsync("http://pictures.example/redirect?to=file:///etc/passwd"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "user name",
            await RefusedAsync("http://pictures.example/redirect?to=http://a:b@pictures.example/picture.png"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_name_is_resolved_once_and_the_address_that_was_checked_is_the_one_connected_to()
    {
        // A name that is harmless whenever it is checked, and inside a moment later.
        _network.Names["rebound.example"] = time => [IPAddress.Parse(time == 1 ? Public : "127.0.0.1")];
        await _server.PostAsync("/v1/embeddings", """{"reasoning":"off","input":[{"image":"http://rebound.example/picture.png"}]}""");
        Assert.Equal("rebound.example", Assert.Single(_network.Resolved));
        Assert.Equal(Public, Assert.Single(_network.Connected).Address.ToString());

        Assert.Contains("not public", await RefusedAsync("http://rebound.example/picture.png"), StringComparison.Ordinal);
        Assert.Single(_network.Connected);
    }

    [Fact]
    public async Task Hosts_and_ports_that_are_not_on_the_list_are_refused()
    {
        await using var server = await StartAsync("*.pictures.example", "one.example:8080");
        _network.Add("one.example", Public);
        foreach (var allowed in (string[])["http://more.pictures.example/picture.png", "http://one.example:8080/picture.png"])
            await server.PostAsync("/v1/embeddings", $$"""{"reasoning":"off","input":[{"image":"{{allowed}}"}]}""");
        var connected = _network.Connected.Count;
        string[] others =
        [
            "http://pictures.example/picture.png",
            "http://notpictures.example/picture.png",
            "http://more.pictures.example:8080/picture.png",
            "http://one.example/picture.png",
            "http://more.pictures.example.evil.example/picture.png",
            "http://127.0.0.1/picture.png",
            "http://more.pictures.example/redirect?to=http://pictures.example/picture.png",
        ];
        foreach (var other in others[..^1])
            Assert.Contains("is not among those", await RefusedAsync(other, server), StringComparison.Ordinal);
        Assert.Equal(connected, _network.Connected.Count);
        Assert.Contains("is not among those", await RefusedAsync(others[^1], server), StringComparison.Ordinal);
        Assert.Equal(connected + 1, _network.Connected.Count);
    }

    [Fact]
    public async Task What_is_large_endless_silent_or_no_image_is_refused()
    {
        Assert.Contains("more than 100 kB", await RefusedAsync("http://pictures.example/large"), StringComparison.Ordinal);
        Assert.Contains("more than 100 kB", await RefusedAsync("http://pictures.example/endless"), StringComparison.Ordinal);
        Assert.Contains("did not send it within 1 s", await RefusedAsync("http://pictures.example/silent"), StringComparison.Ordinal);
        Assert.Contains("status 404", await RefusedAsync("http://pictures.example/nothing"), StringComparison.Ordinal);
        Assert.Contains("cannot be reached", await RefusedAsync("http://unknown.example/picture.png"), StringComparison.Ordinal);
        var error = await _server.ErrorAsync("/v1/embeddings", """{"input":[{"image":"http://pictures.example/text"}]}""", 400);
        Assert.Equal("invalid_image", error.Code);
        Assert.Equal(0, _server.Admission.Items);
    }

    [Fact]
    public async Task Each_image_of_an_address_that_fails_is_called_by_its_own_place()
    {
        using var folder = new ScratchFolder();
        await using var server = await StartAsync(folder, "*");
        await server.PostAsync("/v1/collections", """{"name":"c"}""");
        var answer = await server.PostAsync(
            "/v1/collections/c/items",
            """
            {"items":[{"text":"a red circle"},{"image":"http://pictures.example/nothing"},{"image":"http://pictures.example/nothing"}]}
            """
        );
        Assert.Equal(
            [
                "items[1].image cannot be fetched: the host answered with status 404.",
                "items[2].image cannot be fetched: the host answered with status 404.",
            ],
            answer["failed"]!.AsArray().Select(item => (string)item!["problem"]!)
        );
        Assert.Equal("pictures.example/nothing", Assert.Single(_images.Asked));
    }

    [Fact]
    public async Task Nothing_is_fetched_for_a_collection_that_is_not_there_or_a_queue_that_is_full()
    {
        using var folder = new ScratchFolder();
        await using var server = await StartAsync(folder, "*");
        const string Items = """{"items":[{"image":"http://pictures.example/picture.png"}]}""";
        Assert.Equal("collection_not_found", (await server.ErrorAsync("/v1/collections/c/items", Items, 404)).Code);
        await server.PostAsync("/v1/collections", """{"name":"c"}""");
        using (server.Admission.Admit(server.Services.GetRequiredService<ServerLimits>().QueuedItems))
            Assert.Equal("queue_full", (await server.ErrorAsync("/v1/collections/c/items", Items, 429)).Code);
        Assert.Empty(_images.Asked);
        Assert.Equal(1, (int)(await server.PostAsync("/v1/collections/c/items", Items))["embedded"]!);
        Assert.Equal(0, server.Admission.Items);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _images.DisposeAsync();
    }

    private Task<TestServer> StartAsync(params string[] hosts) => StartAsync(folder: null, hosts);

    private Task<TestServer> StartAsync(ScratchFolder? folder, params string[] hosts) =>
        TestServer.StartAsync(
            new ServerOptions
            {
                Store = folder is null ? null : Path.Combine(folder.Path, "store.db"),
                ImageHosts = hosts,
                ImageSeconds = 1,
                Limits = new ServerLimits { MaxImageBytes = 100_000 },
            },
            replace: services => services.AddSingleton<INetwork>(_network)
        );

    private async Task<string> RefusedAsync(string url, TestServer? server = null)
    {
        var error = await (server ?? _server).ErrorAsync("/v1/embeddings", $$"""{"input":[{"image":"{{url}}"}]}""", 400);
        Assert.Equal(("invalid_image_url", "input[0].image"), (error.Code, error.Param));
        return error.Message;
    }
}
