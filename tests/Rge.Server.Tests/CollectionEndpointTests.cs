using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Rge.Search;
using Rge.Search.Collections;
using Rge.Tests.Shared.Stores;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Rge.Server.Tests;

public sealed class SqliteCollectionEndpointTests : CollectionEndpointTests
{
    protected override Task<string> StoreAsync() => Task.FromResult(Path.Combine(Folder, "store.db"));
}

public sealed class PostgresCollectionEndpointTests(PostgresServer server) : CollectionEndpointTests
{
    protected override async Task<string> StoreAsync()
    {
        if (PostgresServer.Problem is { } problem)
            Assert.Skip(problem);
        return await server.CreateSchemaAsync();
    }
}

public abstract partial class CollectionEndpointTests : IAsyncLifetime
{
    private static readonly ServerLimits Limits = new()
    {
        MaxItems = 64,
        MaxImages = 4,
        MaxImageBytes = 20_000,
        MaxImagePixels = 10_000,
    };

    /// <summary>A folder for the test, deleted with it.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("rge-server-").FullName;

    private TestServer Server { get; set; } = null!;

    private string Store { get; set; } = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected abstract Task<string> StoreAsync();

    public async ValueTask InitializeAsync()
    {
        Store = await StoreAsync();
        Server = await TestServer.StartAsync(new ServerOptions { Store = Store, Limits = Limits });
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_collection_is_made_listed_and_deleted()
    {
        var made = await Server.PostAsync(
            "/v1/collections",
            """{"name":"one","instruction":"represent the text","dimensions":64}""",
            Cancel
        );
        Assert.Equal(
            ("one", true, 64, "represent the text", "exact", 0),
            (
                (string?)made["name"],
                (bool)made["usable"]!,
                (int)made["dimensions"]!,
                (string?)made["instruction"],
                (string?)made["index"],
                (int)made["records"]!
            )
        );
        Assert.Equal(made.ToJsonString(), (await GetAsync("/v1/collections/one")).ToJsonString());
        Assert.Equal(made.ToJsonString(), (await GetAsync("/v1/collections"))["collections"]![0]!.ToJsonString());
        Assert.Equal(
            made.ToJsonString(),
            (
                await Server.PostAsync("/v1/collections", """{"name":"one","instruction":"represent the text","dimensions":64}""", Cancel)
            ).ToJsonString()
        );
        Assert.Equal("collection_differs", (await Server.ErrorAsync("/v1/collections", """{"name":"one"}""", 409)).Code);
        Assert.Contains(
            "is no name for a collection",
            (await Server.ErrorAsync("/v1/collections", """{"name":"../one"}""", 400)).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(HttpStatusCode.NoContent, (await Server.Client.DeleteAsync("/v1/collections/one", Cancel)).StatusCode);
        await NotFoundAsync("/v1/collections/one", "collection_not_found");
        Assert.Empty((await GetAsync("/v1/collections"))["collections"]!.AsArray());
        Assert.Equal("collection_not_found", (await Server.ErrorAsync("/v1/collections/one/search", """{"text":"a"}""", 404)).Code);
    }

    [Fact]
    public async Task A_rationale_comes_piece_by_piece_and_an_edited_one_changes_the_scores()
    {
        await MakeAsync();
        await Server.PostAsync("/v1/collections/c/items", """{"items":[{"text":"a red circle"},{"text":"a blue square"}]}""", Cancel);
        var (png, text) = TestImages.Queries(1)[0];
        var query = $$"""{"image":"{{TestImages.DataUri(png)}}","text":"{{text}}","max_rationale_tokens":36""";
        var whole = await SearchAsync(query + "}");
        var events = await StreamAsync("/v1/collections/c/search", query + """,  "stream":true}""");
        Assert.All(events.SkipLast(1), item => Assert.Equal("rationale", item.Type));
        Assert.Equal((string?)whole["rationale"], string.Concat(events.SkipLast(1).Select(item => (string?)item.Data["text"])));
        Assert.Equal("answer", events[^1].Type);
        Assert.Equal(whole["hits"]!.ToJsonString(), events[^1].Data["hits"]!.ToJsonString());

        var edited = await SearchAsync(query + ""","rationale":"so blue square"}""");
        Assert.Equal("so blue square", (string?)edited["rationale"]);
        Assert.Equal(0, (int)edited["usage"]!["rationale_tokens"]!);
        Assert.NotEqual(whole["hits"]![0]!["score"]!.ToJsonString(), edited["hits"]![0]!["score"]!.ToJsonString());
    }

    [Theory]
    [InlineData("null", "where is null, expected a condition such as \"color=red\", or a list of them.")]
    [InlineData("[]", "where has 0 conditions, expected 1 to 64.")]
    public async Task A_filter_that_was_lost_on_the_way_does_not_find_everything(string filter, string message)
    {
        await MakeAsync();
        var error = await Server.ErrorAsync("/v1/collections/c/search", $$"""{"text":"a","where":{{filter}}}""", 400);
        Assert.Equal((message, "where"), (error.Message, error.Param));
    }

    [Fact]
    public async Task A_broken_image_of_a_search_is_called_by_its_place()
    {
        await MakeAsync();
        foreach (var stream in (string[])["", ",\"stream\":true"])
        {
            var error = await Server.ErrorAsync("/v1/collections/c/search", $$"""{"text":"a","image":"AAAA"{{stream}}}""", 400);
            Assert.Equal(("image", "invalid_image"), (error.Param, error.Code));
            Assert.StartsWith("image ", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/v1/collections/c/items?tak=3", "The query has a parameter 'tak', expected skip and take.", "tak")]
    [InlineData("/v1/collections?take=3", "The query has a parameter 'take', expected none.", "take")]
    [InlineData("/v1/models?limit=3", "The query has a parameter 'limit', expected none.", "limit")]
    public async Task A_parameter_of_the_query_that_is_not_known_is_refused(string path, string message, string name)
    {
        await MakeAsync();
        using var response = await Server.Client.GetAsync(path, Cancel);
        var error = await ErrorSeen.ReadAsync(response);
        Assert.Equal((400, message, name, "unknown_parameter"), (error.Status, error.Message, error.Param, error.Code));
        Assert.True((await Server.Client.GetAsync("/health/live?probe=1", Cancel)).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_data_uri_to_search_with_is_the_image()
    {
        await MakeAsync();
        var uri = TestImages.DataUri(TestImages.Grey(84, 84));
        await Server.PostAsync("/v1/collections/c/items", """{"items":[{"text":"a red circle"}]}""", Cancel);
        var inText = await SearchAsync($$"""{"text":"{{uri}}","reasoning":"off"}""");
        Assert.Equal(
            (await SearchAsync($$"""{"image":"{{uri}}","reasoning":"off"}"""))["hits"]!.ToJsonString(),
            inText["hits"]!.ToJsonString()
        );
    }

    [Fact]
    public async Task Requests_that_make_no_sense_are_named()
    {
        await MakeAsync();
        foreach (
            var (path, body, message) in (IEnumerable<(string, string, string)>)
                [
                    ("search", "{}", "has neither text nor image"),
                    ("search", """{"text":"a","top_k":0}""", "top_k is 0, expected a whole number from 1 to 100"),
                    ("search", """{"text":"a","kind":"sound"}""", "kind is \"sound\", expected one of"),
                    ("search", """{"image":"https://example.org/a.png"}""", "cannot be fetched"),
                    ("items", """{"items":[]}""", "items has 0 items, expected 1 to 64"),
                    ("items", """{"items":[{}]}""", "items[0] has neither text nor image"),
                    ("items", """{"items":[{"text":"a","metadata":{"a=b":"c"}}]}""", "metadata key 'a=b' cannot be used"),
                    ("items", """{"items":[{"text":"a","metadata":[1]}]}""", "items[0].metadata is a list"),
                    (
                        "items",
                        $$"""{"items":[{{string.Join(',', Enumerable.Repeat("""{"image":"AAAA"}""", 5))}}]}""",
                        "has 5 images, expected at most 4"
                    ),
                ]
        )
            Assert.Contains(message, (await Server.ErrorAsync($"/v1/collections/c/{path}", body, 400)).Message, StringComparison.Ordinal);
        foreach (
            var (query, message) in (IEnumerable<(string, string)>)
                [
                    ("take=x", "take=x has a value that cannot be understood"),
                    ("take=0", "take is 0, expected 1 to 1000"),
                    ("skip=-1", "skip is -1"),
                ]
        )
        {
            using var response = await Server.Client.GetAsync($"/v1/collections/c/items?{query}", Cancel);
            Assert.Contains(message, (await ErrorSeen.ReadAsync(response)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_sample_has_the_answers_of_its_examples()
    {
        await using var server = await TestServer.StartAsync(new ServerOptions { Store = Store });
        var sample = await server.PostAsync("/v1/collections/sample", "{}", Cancel);
        Assert.InRange((int)sample["records"]!, 100, 200);
        Assert.Equal(sample.ToJsonString(), (await server.PostAsync("/v1/collections/sample", "{}", Cancel)).ToJsonString());
        var examples = JsonNode.Parse(await server.Client.GetStringAsync("/v1/collections/sample/examples", Cancel))![
            "examples"
        ]!.AsArray();
        Assert.Contains(examples, example => example!["image"] is null);
        foreach (var example in examples)
        {
            var body = new JsonObject
            {
                ["text"] = (string?)example!["text"],
                ["image"] = (string?)example["image"],
                ["top_k"] = 5,
                ["max_rationale_tokens"] = 36,
            };
            Assert.Equal(
                5,
                (await server.PostAsync("/v1/collections/sample/search", body.ToJsonString(), Cancel))["hits"]!.AsArray().Count
            );
        }
    }

    [Fact]
    public async Task Another_models_collection_is_listed_and_left_alone()
    {
        using (var collections = SearchCollections.Open(Store))
            (
                await collections.CreateAsync(
                    "c",
                    CollectionIdentity.For(Server.Embedder) with
                    {
                        Model = "other",
                        Fingerprint = "0",
                    },
                    Cancel
                )
            ).Dispose();
        Assert.False((bool)(await GetAsync("/v1/collections"))["collections"]![0]!["usable"]!);
        var error = await Server.ErrorAsync("/v1/collections/c/search", """{"text":"a"}""", 409);
        Assert.Equal("collection_differs", error.Code);
        Assert.Contains("other", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_collection_that_another_process_makes_anew_is_seen()
    {
        await MakeAsync();
        await Server.PostAsync("/v1/collections/c/items", """{"items":[{"text":"a red circle"}]}""", Cancel);
        using (var collections = SearchCollections.Open(Store))
        {
            await collections.DeleteAsync("c", Cancel);
            Assert.Equal("collection_not_found", (await Server.ErrorAsync("/v1/collections/c/search", """{"text":"a"}""", 404)).Code);
            (await collections.CreateAsync("c", CollectionIdentity.For(Server.Embedder, 32), Cancel)).Dispose();
        }
        Assert.Empty((await SearchAsync("""{"text":"a"}"""))["hits"]!.AsArray());
        await Server.PostAsync("/v1/collections/c/items", """{"items":[{"text":"a red circle"}]}""", Cancel);
        Assert.Single((await SearchAsync("""{"text":"a"}"""))["hits"]!.AsArray());
    }

    private Task<JsonNode> MakeAsync() => Server.PostAsync("/v1/collections", """{"name":"c"}""", Cancel);

    private Task<JsonNode> SearchAsync(string json) => Server.PostAsync("/v1/collections/c/search", json, Cancel);

    private async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await Server.Client.GetStringAsync(path, Cancel))!;

    private async Task NotFoundAsync(string path, string code)
    {
        using var response = await Server.Client.GetAsync(path, Cancel);
        var error = await ErrorSeen.ReadAsync(response);
        Assert.Equal((404, code), (error.Status, error.Code));
    }

    private async Task<ErrorSeen> FormErrorAsync(MultipartFormDataContent form, int status)
    {
        using var response = await Server.Client.PostAsync("/v1/collections/c/items", form, Cancel);
        var error = await ErrorSeen.ReadAsync(response);
        Assert.Equal(status, error.Status);
        return error;
    }

    private async Task<List<(string Type, JsonNode Data)>> StreamAsync(string path, string json)
    {
        using var response = await Server.Client.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"), Cancel);
        await using var stream = await response.Content.ReadAsStreamAsync(Cancel);
        return await SseParser
            .Create(stream)
            .EnumerateAsync(Cancel)
            .Select(item => (item.EventType, JsonNode.Parse(item.Data)!))
            .ToListAsync(Cancel);
    }

    private static IEnumerable<string?> Texts(JsonNode answer) => answer["hits"]!.AsArray().Select(hit => (string?)hit!["item"]!["text"]);

    private static ByteArrayContent Image(byte[] bytes) => new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("image/png") } };
}
