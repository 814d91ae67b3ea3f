using System.Net;
using System.Net.Http.Headers;
using System.Numerics.Tensors;
using CsCheck;
using Rge.Search;
using Rge.Search.Collections;
using Rge.Search.Indexing;

namespace Rge.Server.Tests;

/// <summary>Items that requests add, and their metadata.</summary>
public abstract partial class CollectionEndpointTests
{
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
}
