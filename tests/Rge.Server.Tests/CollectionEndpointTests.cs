using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Numerics.Tensors;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Rge.Search;
using Rge.Search.Collections;
using Rge.Search.Indexing;
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
    public async Task Items_are_added_once_found_filtered_and_deleted()
    {
        await MakeAsync();
        var body = $$$"""
            {"items":[{"text":"a red circle","metadata":{"color":"red"}},{"key":"k","text":"a blue square","metadata":{"color":["blue","dark"]}},
                      {"image":"{{{TestImages.DataUri(
                TestImages.Grey(84, 84)
            )}}}"},{"image":"AAAA"},{"text":"a grey image","images":["{{{Convert.ToBase64String(TestImages.Grey(28, 28))}}}"]}]}
            """;
        var added = await Server.PostAsync("/v1/collections/c/items", body, Cancel);
        Assert.Equal(4, (int)added["embedded"]!);
        var failed = Assert.Single(added["failed"]!.AsArray())!;
        Assert.Equal(3, (int)failed["index"]!);
        var ids = added["ids"]!.AsArray().Select(id => (string?)id).ToArray();
        Assert.Null(ids[3]);
        Assert.Equal(new SearchItem { Text = "a red circle", Metadata = [new("color", "red")] }.Id(), ids[0]);
        Assert.Equal(0, (int)(await Server.PostAsync("/v1/collections/c/items", body, Cancel))["embedded"]!);
        Assert.Equal(4, (int)(await GetAsync("/v1/collections/c"))["records"]!);

        var answer = await SearchAsync("""{"text":"a blue square","reasoning":"off","top_k":4}""");
        Assert.Equal(4, answer["hits"]!.AsArray().Count);
        var query = (
            await Server.Embedder.EmbedAsync(
                EmbeddingInput.Query("a blue square") with
                {
                    Reasoning = ReasoningMode.Off,
                },
                cancellationToken: Cancel
            )
        ).Vector;
        foreach (var hit in answer["hits"]!.AsArray().Where(hit => (string?)hit!["item"]!["kind"] == "text"))
        {
            var own = (
                await Server.Embedder.EmbedAsync(EmbeddingInput.Target((string)hit!["item"]!["text"]!), cancellationToken: Cancel)
            ).Vector;
            Assert.Equal(TensorPrimitives.CosineSimilarity(query.Span, own.Span), (float)hit["score"]!, 1e-4f);
        }
        Assert.Equal(["a red circle"], Texts(await SearchAsync("""{"text":"a","where":["color=red"]}""")));
        Assert.Equal(["a blue square"], Texts(await SearchAsync("""{"text":"a","where":"color!=red","kind":"text"}""")));
        Assert.Equal(
            ["dark", "blue"],
            (await SearchAsync("""{"text":"a","where":"color=dark"}"""))["hits"]![0]!["item"]!["metadata"]!["color"]!
                .AsArray()
                .Select(value => (string?)value)
                .OrderDescending(StringComparer.Ordinal)
        );
        Assert.Contains(
            "filter 'color'",
            (await Server.ErrorAsync("/v1/collections/c/search", """{"text":"a","where":["color"]}""", 400)).Message,
            StringComparison.Ordinal
        );

        Assert.Equal("k", (string?)(await GetAsync($"/v1/collections/c/items/{ids[1]}"))["label"]);
        Assert.Equal(4, (await GetAsync("/v1/collections/c/items?take=9"))["items"]!.AsArray().Count);
        Assert.Single((await GetAsync("/v1/collections/c/items?skip=3"))["items"]!.AsArray());
        Assert.Equal(HttpStatusCode.NoContent, (await Server.Client.DeleteAsync($"/v1/collections/c/items/{ids[1]}", Cancel)).StatusCode);
        await NotFoundAsync($"/v1/collections/c/items/{ids[1]}", "item_not_found");
        Assert.Equal(3, (int)(await GetAsync("/v1/collections/c"))["records"]!);

        using var thumbnail = await Server.Client.GetAsync($"/v1/collections/c/items/{ids[2]}/thumbnail", Cancel);
        Assert.Equal("image/jpeg", thumbnail.Content.Headers.ContentType!.MediaType);
        Assert.Equal([0xFF, 0xD8], (await thumbnail.Content.ReadAsByteArrayAsync(Cancel))[..2]);
        await NotFoundAsync($"/v1/collections/c/items/{ids[0]}/thumbnail", "item_not_found");
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

    [Fact]
    public async Task Metadata_may_be_numbers_and_truth_values_as_in_json_lines()
    {
        await MakeAsync();
        const string Metadata = """{"year":2020,"price":12.50,"sold":true,"gone":false,"color":["red",7],"none":null,"empty":[]}""";
        var added = await Server.PostAsync(
            "/v1/collections/c/items",
            $$$"""{"items":[{"key":"k","text":"a red circle","metadata":{{{Metadata}}}}]}""",
            Cancel
        );
        var item = await GetAsync($"/v1/collections/c/items/{(string?)added["ids"]![0]}");
        Assert.Equal(
            ["color=7,red", "gone=false", "price=12.5", "sold=true", "year=2020"],
            item["metadata"]!
                .AsObject()
                .Select(entry =>
                    $"{entry.Key}={string.Join(',', entry.Value!.AsArray().Select(value => (string?)value).Order(StringComparer.Ordinal))}"
                )
                .Order(StringComparer.Ordinal)
        );
        Assert.Single(Texts(await SearchAsync("""{"text":"a","where":["year=2020","sold=true"]}""")));
        Assert.Empty(Texts(await SearchAsync("""{"text":"a","where":["sold=false"]}""")));

        // The same row in a file is the same item.
        var file = Path.Combine(Folder, "rows.jsonl");
        await File.WriteAllTextAsync(file, $$$"""{"id":"k","text":"a red circle","metadata":{{{Metadata}}}}""", Cancel);
        using var collections = SearchCollections.Open(Store);
        using var collection = await collections.OpenAsync("c", Cancel);
        Assert.Equal(
            0,
            (await new Indexer(collection, Server.Embedder).IndexAsync(new JsonLinesSource(file), cancellationToken: Cancel)).Embedded
        );
        Assert.Equal(1, (int)(await GetAsync("/v1/collections/c"))["records"]!);
    }

    [Fact]
    public async Task Metadata_is_bounded_before_it_is_read()
    {
        await MakeAsync();
        static string Body(string metadata) => $$$"""{"items":[{"text":"a","metadata":{{{metadata}}}}]}""";
        static string Names(int count) => $"{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"n{i}\":1"))}}}";
        await Server.PostAsync("/v1/collections/c/items", Body(Names(256)), Cancel);
        Assert.Equal(
            "items[0].metadata has more than 4096 values.",
            (await Server.ErrorAsync("/v1/collections/c/items", Body(Names(200_000)), 400)).Message
        );
        var many = $"[{string.Join(',', Enumerable.Range(0, 2100))}]";
        Assert.Equal(
            "items[0].metadata has more than 4096 values.",
            (await Server.ErrorAsync("/v1/collections/c/items", Body($$"""{"a":{{many}},"b":{{many}}}"""), 400)).Message
        );
        await Server.PostAsync("/v1/collections/c/items", Body($$"""{"a":"{{new string('x', 1998)}}"}"""), Cancel);
        var tooLong = await Server.PostAsync("/v1/collections/c/items", Body($$"""{"a":"{{new string('é', 1000)}}"}"""), Cancel);
        Assert.Contains(
            "2,002 bytes with its value, expected at most 2,000",
            (string)tooLong["failed"]![0]!["problem"]!,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "items[0].metadata 'a' is an object, expected a text",
            (await Server.ErrorAsync("/v1/collections/c/items", Body("""{"a":{"b":1}}"""), 400)).Message,
            StringComparison.Ordinal
        );

        // Neither UTF-8 nor half of a character is a name.
        Assert.Equal(400, (await Server.ErrorAsync("/v1/collections/c/items", Body("""{"\udc00":1}"""), 400)).Status);
        using var content = new ByteArrayContent([.. """{"items":[{"text":"a","metadata":{"caf"""u8, 0x8E, .. "\":1}}]}"u8]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await Server.Client.PostAsync("/v1/collections/c/items", content, Cancel);
        Assert.Equal("items[0].metadata", (await ErrorSeen.ReadAsync(response)).Param);
        Assert.Empty(Server.Errors);
    }

    [Fact]
    public async Task One_bad_item_costs_no_other_unless_the_request_says_so()
    {
        await MakeAsync();
        var data = Convert.ToBase64String(TestImages.Grey(28, 28));
        string Body(string onError) =>
            $$$"""
                {{{{onError}}}"items":[{"text":"a red circle"},{},{"image":"AA A"},{"image":"AAAA"},{"image":"https://example.org/a.png"},
                  {"text":"a","metadata":{"a=b":"c"}},{"text":"a","year":1},7,{"text":"a blue square"},
                  {"text":"data:image/png;base64,{{{data}}}"}]}
                """;
        var added = await Server.PostAsync("/v1/collections/c/items", Body(""), Cancel);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], added["failed"]!.AsArray().Select(failed => (int)failed!["index"]!));
        Assert.Equal(
            [true, false, false, false, false, false, false, false, true, true],
            added["ids"]!.AsArray().Select(id => id is not null)
        );
        Assert.Contains("items[1] has neither text nor image", (string)added["failed"]![0]!["problem"]!, StringComparison.Ordinal);
        Assert.Equal(3, (int)added["embedded"]!);
        Assert.Equal("image", (string?)(await GetAsync($"/v1/collections/c/items/{(string?)added["ids"]![9]}"))["kind"]);

        // Sent again with the same mistakes: nothing is embedded or stored twice.
        var again = await Server.PostAsync("/v1/collections/c/items", Body("\"on_error\":\"skip\","), Cancel);
        Assert.Equal(added["ids"]!.ToJsonString(), again["ids"]!.ToJsonString());
        Assert.Equal((0, 3), ((int)again["embedded"]!, (int)(await GetAsync("/v1/collections/c"))["records"]!));

        Assert.Equal("items[1]", (await Server.ErrorAsync("/v1/collections/c/items", Body("\"on_error\":\"fail\","), 400)).Param);
        var late = await Server.ErrorAsync(
            "/v1/collections/c/items",
            """{"on_error":"fail","items":[{"text":"a green star"},{"image":"AAAA"},{"text":"a white moon"}]}""",
            400
        );
        Assert.Equal(("items[1]", "invalid_item"), (late.Param, late.Code));
        Assert.Contains("1 of 3 items failed, the others are stored", late.Message, StringComparison.Ordinal);
        Assert.Equal(5, (int)(await GetAsync("/v1/collections/c"))["records"]!);
        Assert.Equal(
            "on_error",
            (await Server.ErrorAsync("/v1/collections/c/items", """{"on_error":"ignore","items":[{"text":"a"}]}""", 400)).Param
        );
    }

    [Fact]
    public async Task An_item_takes_the_place_of_the_one_with_its_key_and_a_request_has_a_key_once()
    {
        await MakeAsync();
        await Server.PostAsync("/v1/collections/c/items", """{"items":[{"key":"k","text":"a red circle"}]}""", Cancel);
        var added = await Server.PostAsync(
            "/v1/collections/c/items",
            """{"items":[7,{"key":"k","text":"a blue square"},{"key":"k","text":"a green star"},{"key":"k","""
                + """ "text":"a green star"},{"key":"k","text":"a blue square"}]}""",
            Cancel
        );
        Assert.Equal([0, 2, 3], added["failed"]!.AsArray().Select(failed => (int)failed!["index"]!));
        Assert.Equal("items[2] has the key 'k', which is that of items[1], too.", (string?)added["failed"]![1]!["problem"]);
        Assert.Equal(["a blue square"], Texts(await SearchAsync("""{"text":"a"}""")));
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
