using System.Net;
using System.Text.Json.Nodes;

namespace Rge.Server.Tests;

/// <summary>
/// What clients send that goes beyond the shapes as they are described: understood, or refused by name, and never ignored.
/// </summary>
public sealed class ClientShapeTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly byte[] Png = TestImages.Queries(1)[0].Png;

    private readonly TestServer _server = fixture.Server;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Uri => TestImages.DataUri(Png);

    public static TheoryData<string, string> DataUris { get; } =
        new()
        {
            { "/v1/embeddings", """{"input":"@"}""" },
            { "/v1/embeddings", """{"input":["@"]}""" },
            { "/v1/embeddings", """{"input":[{"text":"@"}]}""" },
            { "/v1/embeddings", """{"input":{"text":"@"}}""" },
            { "/v1/embeddings", """{"messages":[{"role":"user","content":"@"}]}""" },
            { "/v1/embeddings", """{"messages":[{"role":"user","content":[{"type":"text","text":"@"}]}]}""" },
            { "/v1/embeddings", """{"input":[[{"role":"user","content":"@"}]]}""" },
            { "/v1/embeddings", """{"input":["\n @"]}""" },
            { "/v2/embed", """{"texts":["@"]}""" },
            { "/v2/embed", """{"images":["@"]}""" },
            { "/v2/embed", """{"inputs":[{"content":[{"type":"text","text":"@"}]}]}""" },
            { "/v1/multimodalembeddings", """{"inputs":[{"content":[{"type":"text","text":"@"}]}]}""" },
            { "/v1/rationales", """{"input":"@"}""" },
        };

    [Theory]
    [MemberData(nameof(DataUris))]
    public async Task A_data_uri_in_place_of_a_text_is_the_image(string path, string body)
    {
        var expected = await _server.Embedder.EmbedAsync(
            EmbeddingInput.Target(null, ImageSource.FromBytes(Png)),
            cancellationToken: Cancel
        );
        foreach (
            var uri in (string[])
                [
                    Uri,
                    Uri.Replace("data:image/png", "DATA:Image/PNG;charset=utf-8", StringComparison.Ordinal),
                    Uri.Replace("image/png", "application/octet-stream", StringComparison.Ordinal),
                    Uri.Replace("/", "\\/", StringComparison.Ordinal),
                ]
        )
        {
            var answer = await _server.PostAsync(
                path,
                body.Replace("@", uri, StringComparison.Ordinal).Insert(1, "\"role\":\"document\","),
                Cancel
            );
            var vector = answer["embedding"] ?? answer["embeddings"]?["float"]?[0] ?? answer["data"]![0]!["embedding"];
            Vectors.Same(Vectors.Floats(vector), expected.Vector);
            Assert.Equal(expected.PromptTokens, (int)(answer["usage"]!["prompt_tokens"] ?? answer["usage"]!["total_tokens"])!);
        }
    }

    [Fact]
    public async Task A_data_uri_of_something_else_is_refused_and_a_text_about_data_is_a_text()
    {
        var error = await _server.ErrorAsync("/v1/embeddings", """{"input":["a","data:video/mp4;base64,AAAA"]}""", 400);
        Assert.Equal(("input[1] is a data URI of type video/mp4, expected a text or an image.", "input[1]"), (error.Message, error.Param));
        Assert.Equal("invalid_image", (await _server.ErrorAsync("/v1/embeddings", """{"input":"data:image/svg+xml,<svg/>"}""", 400)).Code);
        Assert.Equal(
            "invalid_image",
            (await _server.ErrorAsync("/v1/embeddings", """{"input":"data:image/svg+xml;utf8,<svg/>"}""", 400)).Code
        );
        Assert.Contains(
            "input is not valid base64",
            (await _server.ErrorAsync("/v1/embeddings", """{"input":"data:image/png;base64,!!!"}""", 400)).Message,
            StringComparison.Ordinal
        );
        foreach (var text in (string[])["data: what it is, and what it is not", "data:", "data:,x", "my data:image/png;base64,AAAA"])
        {
            var own = await _server.Embedder.EmbedAsync(EmbeddingInput.Target(text), cancellationToken: Cancel);
            var answer = await _server.PostAsync("/v1/embeddings", $$"""{"role":"document","input":"{{text}}"}""", Cancel);
            Vectors.Same(Vectors.Floats(answer["data"]![0]!["embedding"]), own.Vector);
        }
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""[{"type":"text","text":""}]""")]
    public async Task An_empty_turn_of_the_assistant_at_the_end_changes_nothing(string content)
    {
        // As vLLM's client for Qwen3-VL-Embedding sends it.
        var answer = await _server.PostAsync(
            "/v1/embeddings",
            $$$"""
            {"model":"shapeworld","encoding_format":"float","continue_final_message":true,"add_special_tokens":true,"messages":[
              {"role":"system","content":[{"type":"text","text":"Represent the user's input."}]},
              {"role":"user","content":[{"type":"image_url","image_url":{"url":"{{{Uri}}}","detail":"auto"}},{"type":"text","text":""}]},
              {"role":"assistant","content":{{{content}}}}]}
            """,
            Cancel
        );
        var own = await _server.Embedder.EmbedAsync(
            EmbeddingInput.Query(null, ImageSource.FromBytes(Png)) with
            {
                Instruction = "Represent the user's input.",
            },
            cancellationToken: Cancel
        );
        Vectors.Same(Vectors.Floats(answer["data"]![0]!["embedding"]), own.Vector);
        Assert.Equal(own.PromptTokens, (int)answer["usage"]!["prompt_tokens"]!);
    }

    [Fact]
    public async Task What_the_assistant_said_is_refused()
    {
        var error = await _server.ErrorAsync(
            "/v1/embeddings",
            """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""",
            400
        );
        Assert.Equal("messages[1].content", error.Param);
        Assert.Equal(
            "invalid_input",
            (await _server.ErrorAsync("/v1/embeddings", """{"messages":[{"role":"assistant","content":""}]}""", 400)).Code
        );
    }

    [Theory]
    [InlineData("/v1/embeddings", """{"input":"a","instuction":"b"}""", "instuction", "unknown_member")]
    [InlineData("/v1/embeddings", """{"input":"a","texts":["b"]}""", "texts", "unknown_member")]
    [InlineData("/v1/embeddings", """{"input":[{"text":"a","video":"b"}]}""", "input[0].video", "unknown_member")]
    [InlineData("/v1/embeddings", """{"messages":[{"role":"user","content":"a","tool":1}]}""", "messages[0].tool", "unknown_member")]
    [InlineData(
        "/v1/embeddings",
        """{"messages":[{"role":"user","content":[{"type":"text","text":"a","max_pixel":1}]}]}""",
        "messages[0].content[0].max_pixel",
        "unknown_member"
    )]
    [InlineData("/v1/embeddings", """{"input":"a","on_error":"skip"}""", "on_error", "unknown_member")]
    [InlineData("/v1/embeddings", """{"input":"a","normalized":false}""", "normalized", "unsupported_value")]
    [InlineData("/v1/embeddings", """{"input":"a","late_chunking":true}""", "late_chunking", "unsupported_value")]
    [InlineData("/v1/embeddings", """{"input":"a","truncate_prompt_tokens":5}""", "truncate_prompt_tokens", "unsupported_value")]
    [InlineData("/v1/embeddings", """{"input":"a","chat_template_kwargs":{"a":1}}""", "chat_template_kwargs", "unsupported_value")]
    [InlineData("/v2/embed", """{"texts":["a"],"dimensions":8}""", "dimensions", "unknown_member")]
    [InlineData("/v2/embed", """{"texts":["a"],"max_tokens":8}""", "max_tokens", "unsupported_value")]
    [InlineData("/v2/embed", """{"inputs":[{"content":[{"type":"text","text":"a"}],"text":"b"}]}""", "inputs[0].text", "unknown_member")]
    [InlineData("/v1/multimodalembeddings", """{"inputs":[{"content":"a"}],"input":"b"}""", "input", "unknown_member")]
    [InlineData("/v1/rationales", """{"input":"a","streams":true}""", "streams", "unknown_member")]
    [InlineData("/v1/collections", """{"name":"a","dimension":8}""", "dimension", "unknown_member")]
    public async Task What_is_not_understood_is_named(string path, string body, string member, string code)
    {
        var error = await _server.ErrorAsync(path, body, 400);
        Assert.Equal((member, code), (error.Param, error.Code));
        Assert.StartsWith(member, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/embeddings", "\"input\":\"a\"")]
    [InlineData("/v2/embed", "\"texts\":[\"a\"]")]
    [InlineData("/v1/multimodalembeddings", "\"inputs\":[{\"content\":\"a\"}]")]
    [InlineData("/v1/rationales", "\"input\":\"a\"")]
    public async Task The_area_of_images_is_the_servers_and_no_other_is_ignored(string path, string input)
    {
        var config = _server.Embedder.Processor.Images.Config;
        await _server.PostAsync(
            path,
            $$$"""{{{{input}}},"max_pixels":{{{config.MaxPixels}}},"mm_processor_kwargs":{"min_pixels":{{{config.MinPixels}}},"max_pixels":{{{config.MaxPixels}}}}}""",
            Cancel
        );
        foreach (
            var (member, place) in (IEnumerable<(string, string)>)
                [
                    ("\"max_pixels\":1000", "max_pixels"),
                    ("\"min_pixels\":1", "min_pixels"),
                    ("\"mm_processor_kwargs\":{\"max_pixels\":1000}", "mm_processor_kwargs.max_pixels"),
                    ("\"mm_processor_kwargs\":{\"num_crops\":4}", "mm_processor_kwargs.num_crops"),
                ]
        )
            Assert.Equal(place, (await _server.ErrorAsync(path, $$"""{{{input}},{{member}}}""", 400)).Param);
    }

    [Fact]
    public async Task Members_that_change_nothing_change_nothing()
    {
        var plain = await EmbeddingAsync("""{"input":"a red circle"}""");
        Vectors.Same(
            plain,
            await EmbeddingAsync(
                """
                {"input":"a red circle","user":"u","request_id":"r","priority":0,"truncate":"NONE","truncation":true,"normalized":true,"normalize":true,"late_chunking":false,"return_multivector":false,
                 "truncate_prompt_tokens":-1,"embed_dtype":"float32","endianness":"little","chat_template_kwargs":{},"mm_processor_kwargs":null,"add_special_tokens":false,"dimensions":null}
                """
            )
        );
        // Voyage's word for dimensions, at the endpoint that its text models have.
        Assert.Equal(
            16,
            (await EmbeddingAsync("""{"input":"a red circle","input_type":"query","output_dimension":16,"output_dtype":"float"}""")).Length
        );
    }

    [Fact]
    public async Task As_many_inputs_as_openai_takes_are_taken()
    {
        const int Most = 2048;
        static string Body(int count) =>
            new JsonObject
            {
                ["role"] = "document",
                ["dimensions"] = 4,
                ["input"] = new JsonArray([.. Enumerable.Range(0, count).Select(i => (JsonNode)$"circle {i % 7}")]),
            }.ToJsonString();
        var data = (await _server.PostAsync("/v1/embeddings", Body(Most), Cancel))["data"]!.AsArray();
        Assert.Equal(Most, data.Count);
        Vectors.Same(Vectors.Floats(data[3]!["embedding"]), Vectors.Floats(data[2047 - 2047 % 7 + 3 - 7]!["embedding"]));
        Assert.Equal("too_many", (await _server.ErrorAsync("/v1/embeddings", Body(Most + 1), 400)).Code);
    }

    [Fact]
    public async Task The_item_that_will_not_do_is_named()
    {
        var broken = Convert.ToBase64String([1, 2, 3]);
        var error = await _server.ErrorAsync("/v1/embeddings", $$"""{"input":["a","b",{"image":"{{broken}}"}],"reasoning":"off"}""", 400);
        Assert.Equal(("input[2]", "invalid_image"), (error.Param, error.Code));
        Assert.StartsWith("input[2].image ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Item ", error.Message, StringComparison.Ordinal);
        foreach (
            var (path, stream) in (IEnumerable<(string, string)>)
                [("/v1/embeddings", ""), ("/v1/rationales", ""), ("/v1/rationales", ",\"stream\":true")]
        )
        {
            var only = await _server.ErrorAsync(path, $$"""{"input":{"text":"a","image":"{{broken}}"}{{stream}}}""", 400);
            Assert.Equal(("input", "invalid_image"), (only.Param, only.Code));
            Assert.StartsWith("input.image ", only.Message, StringComparison.Ordinal);
        }
        Assert.Equal("texts[1]", (await _server.ErrorAsync("/v2/embed", """{"texts":["a",""]}""", 400)).Param);
        Assert.Equal(
            "inputs[1]",
            (await _server.ErrorAsync("/v1/multimodalembeddings", """{"inputs":[{"content":"a"},{"content":""}]}""", 400)).Param
        );
        Assert.Equal(
            "messages[1]",
            (
                await _server.ErrorAsync(
                    "/v1/embeddings",
                    """{"messages":[[{"role":"user","content":"a"}],[{"role":"user","content":""}]]}""",
                    400
                )
            ).Param
        );
    }

    [Theory]
    [InlineData("/v2/embed", """{"texts":7}""", "message")]
    [InlineData("/v1/multimodalembeddings", """{"inputs":7}""", "detail")]
    public async Task Errors_are_where_the_clients_of_the_shape_look_for_them(string path, string body, string member)
    {
        using var response = await _server.SendAsync(path, body, Cancel);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!.AsObject();
        Assert.Equal((string?)answer["error"]!["message"], (string?)answer[member]);
        Assert.Equal(2, answer.Count);
    }

    [Fact]
    public async Task Names_that_are_not_unicode_are_refused()
    {
        byte[] notUtf8 = [.. """{"input":"a","caf"""u8, 0x8E, .. "\":1}"u8];
        using var content = new ByteArrayContent(notUtf8);
        content.Headers.ContentType = new("application/json");
        using var response = await _server.Client.PostAsync("/v1/embeddings", content, Cancel);
        Assert.Equal(400, (await ErrorSeen.ReadAsync(response)).Status);
        Assert.Equal(400, (await _server.ErrorAsync("/v1/embeddings", """{"input":"a","\ud800":1}""", 400)).Status);
        Assert.Empty(_server.Errors);
    }

    [Fact]
    public async Task Head_is_answered_where_get_is()
    {
        foreach (
            var path in (string[])
                [
                    "/",
                    "/page.js",
                    "/health/live",
                    "/health/ready",
                    "/v1/models",
                    "/v1/models/shapeworld",
                    "/v1/collections",
                    "/metrics",
                    "/openapi/v1.json",
                    "/reference/",
                ]
        )
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, path);
            using var response = await _server.Client.SendAsync(request, Cancel);
            Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path}: {response.StatusCode}");
            Assert.Empty(await response.Content.ReadAsByteArrayAsync(Cancel));
        }
        using var missing = await _server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/v1/models/another"), Cancel);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task Another_method_is_told_which_are_taken()
    {
        using var response = await _server.Client.PutAsync("/v1/models", null, Cancel);
        Assert.Equal("method_not_allowed", (await ErrorSeen.ReadAsync(response)).Code);
        Assert.Equal(["GET", "HEAD"], response.Content.Headers.Allow.Order(StringComparer.Ordinal));
        using var get = await _server.Client.GetAsync("/v2/embed", Cancel);
        Assert.Equal(405, (await ErrorSeen.ReadAsync(get, shaped: false)).Status);
    }

    [Fact]
    public async Task No_answer_is_taken_for_something_else_and_no_page_is_framed()
    {
        foreach (var path in (string[])["/v1/models", "/health/live", "/v1/nothing", "/", "/reference/", "/openapi/v1.json", "/metrics"])
        {
            using var response = await _server.Client.GetAsync(path, Cancel);
            Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
        }
        using var page = await _server.Client.GetAsync("/reference/", Cancel);
        Assert.Contains(
            "frame-ancestors 'none'",
            Assert.Single(page.Headers.GetValues("Content-Security-Policy")),
            StringComparison.Ordinal
        );
    }

    private async Task<float[]> EmbeddingAsync(string body) =>
        Vectors.Floats((await _server.PostAsync("/v1/embeddings", body, Cancel))["data"]![0]!["embedding"]);
}
