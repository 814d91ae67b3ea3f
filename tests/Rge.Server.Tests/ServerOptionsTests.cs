using System.Text.Json.Nodes;
using Rge.Tests.Shared;

namespace Rge.Server.Tests;

public sealed class ServerOptionsTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public void Settings_are_read_over_their_defaults()
    {
        var options = Read(
            """
            {
              // behind the proxy
              "urls": ["http://0.0.0.0:9000"],
              "image_hosts": ["*.example.org"],
              "limits": { "max_items": 16, },
            }
            """
        );
        Assert.Equal(["http://0.0.0.0:9000"], options.Urls);
        Assert.Equal(["*.example.org"], options.ImageHosts);
        Assert.Equal(
            (16, new ServerLimits().MaxBodyBytes, 30),
            (options.Limits.MaxItems, options.Limits.MaxBodyBytes, options.ShutdownSeconds)
        );
    }

    [Fact]
    public void What_is_shown_can_be_read_again_and_has_no_keys()
    {
        var options = new ServerOptions
        {
            ApiKeys = ["secret"],
            ShutdownSeconds = 7,
            Limits = new ServerLimits { MaxImages = 3 },
        };
        Assert.DoesNotContain("secret", options.ToJson(), StringComparison.Ordinal);
        var again = Read(options.ToJson());
        Assert.Equal(options.Limits, again.Limits);
        Assert.Equal(7, again.ShutdownSeconds);
    }

    [Fact]
    public async Task The_documentation_shows_all_settings_with_their_defaults()
    {
        var page = await File.ReadAllTextAsync(
            Path.Combine(Golden.RepositoryRoot, "docs", "server.md"),
            TestContext.Current.CancellationToken
        );
        var shown = page.Split("```json\n")
            .Skip(1)
            .Select(block => block.Split("\n```")[0])
            .Single(block => block.Contains("shutdown_seconds", StringComparison.Ordinal));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(new ServerOptions().ToJson()), JsonNode.Parse(shown)), new ServerOptions().ToJson());
    }

    [Theory]
    [InlineData("""{"url":["http://127.0.0.1:1"]}""", "the setting 'url' is not known")]
    [InlineData("""{"limits":{"max_item":1}}""", "the setting 'max_item' is not known")]
    [InlineData("""{"api_keys":["k"]}""", "the setting 'api_keys' is not known")]
    [InlineData("""{"limits":{"max_items":"many"}}""", "limits.max_items has a value of another type")]
    [InlineData("""{"limits":{"max_items":0}}""", "limits.max_items is 0, expected at least 1")]
    [InlineData("""{"limits":{"max_prefix_tokens":-1}}""", "limits.max_prefix_tokens is -1, expected 0 or more")]
    [InlineData("""{"limits":{"remembered_images":-1}}""", "limits.remembered_images is -1, expected 0 or more")]
    [InlineData(
        """{"limits":{"max_items":600,"max_queued_items":512}}""",
        "limits.max_queued_items is 512, expected at least max_items, which is 600"
    )]
    [InlineData(
        """{"limits":{"max_body_memory_bytes":1000}}""",
        "limits.max_body_memory_bytes is 1000, expected at least max_body_bytes, which is 33554432"
    )]
    [InlineData("""{"drain_seconds":-1}""", "drain_seconds is -1, expected 0 to 3600")]
    [InlineData("""{"body_seconds":0}""", "body_seconds is 0, expected 1 to 3600")]
    [InlineData("""{"shutdown_seconds":1,"shutdown_seconds":2}""", "given twice")]
    [InlineData("""{"urls":[]}""", "urls is empty")]
    [InlineData("""{"urls":["https://127.0.0.1:1"]}""", "leave TLS to a proxy")]
    [InlineData("""{"urls":["127.0.0.1"]}""", "urls has '127.0.0.1'")]
    [InlineData("""{"image_seconds":0}""", "image_seconds is 0")]
    [InlineData("{", "not valid JSON")]
    [InlineData("null", "expected an object")]
    public void Mistakes_are_named_with_the_file(string json, string problem)
    {
        var message = Assert.Throws<ServerException>(() => Read(json)).Message;
        Assert.StartsWith(_file, message, StringComparison.Ordinal);
        Assert.Contains(problem, message, StringComparison.Ordinal);
        Assert.DoesNotContain("Rge.Server", message.Replace(_file, "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_file);

    private ServerOptions Read(string json)
    {
        File.WriteAllText(_file, json);
        return ServerOptions.Load(_file);
    }
}
