using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Rge.Server.Tests;

/// <summary>The API as a part of another ASP.NET Core program, with their prefix, their authorization and their JSON.</summary>
public sealed class HostingTests : IAsyncLifetime
{
    private const string Quick = """{"input":"a red circle","reasoning":"off","return_rationale":true}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("rge-host-").FullName;
    private readonly List<WebApplication> _started = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var app in _started)
            await app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Below_a_prefix_everything_works_and_the_program_stays_as_it_was()
    {
        var client = await StartAsync(
            services =>
            {
                services.AddReasoningEmbedder(TestServer.Model);
                services.AddRgeServer(new ServerOptions { Store = Path.Combine(_folder, "store.db") });
            },
            app =>
            {
                app.MapGet("/own", () => new { OwnName = 1 });
                var group = app.MapGroup("/ai");
                group.MapRge();
                group.MapRgePage();
            }
        );
        await ReadyAsync(client, "/ai");
        var answer = await PostAsync(client, "/ai/v1/embeddings", Quick, HttpStatusCode.OK);
        Assert.Equal(128, answer["data"]![0]!["embedding"]!.AsArray().Count);
        Assert.True((int)answer["usage"]!["prompt_tokens"]! > 0);

        await PostAsync(client, "/ai/v1/collections", """{"name":"c"}""", HttpStatusCode.OK);
        await PostAsync(client, "/ai/v1/collections/c/items", """{"items":[{"text":"a red circle"}]}""", HttpStatusCode.OK);
        Assert.Single(
            (await PostAsync(client, "/ai/v1/collections/c/search", """{"text":"a red circle","top_k":3}""", HttpStatusCode.OK))[
                "hits"
            ]!.AsArray()
        );

        // Errors and bounds come with the endpoints.
        Assert.Equal(
            "role",
            (string?)
                (await PostAsync(client, "/ai/v1/embeddings", """{"input":"a","role":"x"}""", HttpStatusCode.BadRequest))["error"]!["param"]
        );
        Assert.NotNull((await PostAsync(client, "/ai/v2/embed", """{"texts":7}""", HttpStatusCode.BadRequest))["message"]);
        Assert.Equal(
            "body_too_large",
            (string?)
                (
                    await PostAsync(
                        client,
                        "/ai/v1/embeddings",
                        $$"""{"input":"{{new string('a', 33 << 20)}}"}""",
                        HttpStatusCode.RequestEntityTooLarge
                    )
                )["error"]!["code"]
        );
        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/ai/v1/models"), Cancel);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        using var badQuery = await client.GetAsync("/ai/v1/collections/c/items?take=x", Cancel);
        Assert.Contains("take=x has a value", (await ErrorSeen.ReadAsync(badQuery)).Message, StringComparison.Ordinal);

        // The page finds the API below the prefix.
        using var page = await client.GetAsync("/ai", Cancel);
        Assert.Equal("/ai/", page.RequestMessage!.RequestUri!.AbsolutePath);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/ai/page.js", Cancel)).StatusCode);

        Assert.Equal("""{"ownName":1}""", await client.GetStringAsync("/own", Cancel));
        using var missing = await client.GetAsync("/v1/models", Cancel);
        Assert.Equal((HttpStatusCode.NotFound, ""), (missing.StatusCode, await missing.Content.ReadAsStringAsync(Cancel)));
    }

    [Fact]
    public async Task The_programs_authorization_is_asked_and_health_stays_open()
    {
        var client = await StartAsync(
            services =>
            {
                services
                    .AddAuthentication("Test")
                    .AddScheme<Microsoft.AspNetCore.Authentication.AuthenticationSchemeOptions, HeaderScheme>("Test", _ => { });
                services.AddAuthorization();
                services.AddRgeServer(new ServerOptions(), basis => ReasoningEmbedder.Load(TestServer.Model, basis));
            },
            app =>
            {
                app.UseAuthentication();
                app.UseAuthorization();
                app.MapRge().RequireAuthorization();
            }
        );
        await ReadyAsync(client, "");
        using var refused = await client.PostAsync("/v1/embeddings", new StringContent(Quick, Encoding.UTF8, "application/json"), Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        client.DefaultRequestHeaders.Add("X-User", "somebody");
        await PostAsync(client, "/v1/embeddings", Quick, HttpStatusCode.OK);
        // No store was asked for.
        Assert.Equal(
            "no_store",
            (string?)(await PostAsync(client, "/v1/collections", """{"name":"c"}""", HttpStatusCode.NotFound))["error"]!["code"]
        );
    }

    [Fact]
    public async Task Keys_of_the_options_are_asked_for_in_any_program()
    {
        var client = await StartAsync(
            services =>
            {
                services.AddReasoningEmbedder(TestServer.Model);
                services.AddRgeServer(new ServerOptions { ApiKeys = ["secret"] });
            },
            app => app.MapRge()
        );
        await ReadyAsync(client, "");
        Assert.Equal(
            "missing_api_key",
            (string?)(await PostAsync(client, "/v1/embeddings", Quick, HttpStatusCode.Unauthorized))["error"]!["code"]
        );
        client.DefaultRequestHeaders.Add("x-api-key", "secret");
        await PostAsync(client, "/v1/embeddings", Quick, HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_model_that_cannot_be_had_leaves_the_program_running()
    {
        var client = await StartAsync(
            services => services.AddRgeServer(new ServerOptions(), basis => ReasoningEmbedder.Load("/nowhere", basis)),
            app => app.MapRge()
        );
        await TestServer.UntilAsync(async () =>
            (await (await client.GetAsync("/health/ready", Cancel)).Content.ReadAsStringAsync(Cancel)).Contains(
                "model_failed",
                StringComparison.Ordinal
            )
        );
        Assert.Equal(
            "model_failed",
            (string?)(await PostAsync(client, "/v1/embeddings", Quick, HttpStatusCode.ServiceUnavailable))["error"]!["code"]
        );
    }

    [Fact]
    public void What_makes_no_sense_is_told_where_it_is_written()
    {
        var builder = WebApplication.CreateBuilder();
        Assert.Contains(
            "AddRgeServer",
            Assert.Throws<InvalidOperationException>(() => builder.Build().MapRge()).Message,
            StringComparison.Ordinal
        );
        builder = WebApplication.CreateBuilder();
        Assert.Throws<ServerException>(() =>
            builder.Services.AddRgeServer(new ServerOptions { Limits = new ServerLimits { MaxItems = 0 } })
        );
        builder.Services.AddRgeServer();
        Assert.Throws<InvalidOperationException>(() => builder.Services.AddRgeServer());
    }

    private async Task<HttpClient> StartAsync(Action<IServiceCollection> addServices, Action<WebApplication> map)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        addServices(builder.Services);
        var app = builder.Build();
        map(app);
        await app.StartAsync(Cancel);
        _started.Add(app);
        return new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    private static Task ReadyAsync(HttpClient client, string prefix) =>
        TestServer.UntilAsync(async () => (await client.GetAsync($"{prefix}/health/ready", Cancel)).IsSuccessStatusCode);

    private static async Task<JsonNode> PostAsync(HttpClient client, string path, string json, HttpStatusCode expected)
    {
        using var response = await client.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"), Cancel);
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.StatusCode == expected, $"{path}: {response.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }
}
