using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Rge.Server.Apis.Cohere;
using Rge.Server.Apis.OpenAi;
using Rge.Server.Apis.Rge;
using Rge.Server.Apis.Voyage;

namespace Rge.Server.Tests;

/// <summary>Requests that make no sense: always a 4xx with the error object, never a stack, never a 500.</summary>
public sealed class MalformedRequestTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    /// <summary>Valid requests to damage, quick ones.</summary>
    private static readonly (string Path, string Body)[] Valid =
    [
        .. Bodies("/v1/embeddings", OpenAiEndpoints.Reference.Examples), .. Bodies("/v2/embed", CohereEndpoints.Reference.Examples),
        .. Bodies("/v1/multimodalembeddings", VoyageEndpoints.Reference.Examples), .. Bodies("/v1/rationales", RationaleEndpoints.Reference.Examples),
    ];

    /// <summary>What comes in the place of a value.</summary>
    private static readonly string[] Junk =
    [
        "null", "true", "0", "-1", "3", "1e400", "99999999999999999999", "0.5", "\"\"", "\"x\"", "\" \"", "[]", "{}", "[[]]", "[null]", "[{}]", "[[1,2]]", "[1]", "\"on\"", "\"query\"",
        "\"\\ud800\"", "\"\\u0000\"", "\"<|image_7|>\"", "\"<emb>\"", "\"data:image/png;base64,\"", "\"data:image/png;base64,AAAA\"", "\"data:,x\"", "\"data:\"", "\"http://127.0.0.1/\"", "\"http://\"",
        "\"file:///etc/passwd\"", "{\"role\":\"user\"}", "[{\"role\":\"user\",\"content\":[]}]", "[{\"role\":\"tool\",\"content\":\"x\"}]", "{\"type\":\"video_url\"}", "{\"url\":1}",
        $"{new string('[', 40)}{new string(']', 40)}", "nul", "\"", "NaN", "{\"a\":1,\"a\":2}", "{\"\\ud800\":1}",
    ];

    private readonly TestServer _server = fixture.Server;

    [Theory]
    [InlineData("", 400, "invalid_json")]
    [InlineData("{", 400, "invalid_json")]
    [InlineData("{} x", 400, "invalid_json")]
    [InlineData("""{"input":"a","input":"b"}""", 400, "invalid_json")]
    [InlineData("[]", 400, "invalid_value")]
    [InlineData("\"text\"", 400, "invalid_value")]
    [InlineData("{}", 400, "invalid_value")]
    [InlineData("""{"input":"a","messages":[]}""", 400, "invalid_value")]
    [InlineData("""{"input":[1,2,3]}""", 400, "token_ids_unsupported")]
    [InlineData("""{"input":[[1,2],[3]]}""", 400, "token_ids_unsupported")]
    [InlineData("""{"input":["a",1]}""", 400, "invalid_value")]
    [InlineData("""{"input":""}""", 400, "invalid_input")]
    [InlineData("""{"input":7}""", 400, "invalid_value")]
    [InlineData("""{"input":"\ud800"}""", 400, "invalid_value")]
    [InlineData("""{"input":[{"image":"AA A"}]}""", 400, "invalid_image")]
    [InlineData("""{"input":[{"image":"data:image/png,xyz"}]}""", 400, "invalid_image")]
    [InlineData("""{"input":[{"image":"AAAA"}]}""", 400, "invalid_image")]
    [InlineData("""{"input":[{}]}""", 400, "invalid_value")]
    [InlineData("""{"input":"a","role":"assistant"}""", 400, "invalid_value")]
    [InlineData("""{"input":"a","task":"retrieval"}""", 400, "invalid_value")]
    [InlineData("""{"input":"a","reasoning":true}""", 400, "invalid_value")]
    [InlineData("""{"input":"a","return_rationale":"yes"}""", 400, "invalid_value")]
    [InlineData("""{"input":"a","encoding_format":"int8"}""", 400, "invalid_value")]
    [InlineData("""{"input":"a","model":"gpt"}""", 404, "model_not_found")]
    [InlineData("""{"messages":[{"role":"assistant","content":"a"}]}""", 400, "invalid_value")]
    [InlineData("""{"messages":[{"role":"user"}]}""", 400, "invalid_value")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"input_audio"}]}]}""", 400, "invalid_value")]
    public async Task One_clear_sentence(string body, int status, string code)
    {
        var error = await _server.ErrorAsync("/v1/embeddings", body, status);
        Assert.Equal(code, error.Code);
    }

    [Theory]
    [InlineData("""{"input":"a","role":"assistant"}""", "role", "role is \"assistant\", expected one of \"document\", \"query\".")]
    [InlineData("""{"input":[[1]]}""", "input[0]", "input[0] has token ids, expected text: ids depend on the model's tokenizer.")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}""", "messages[0].content[0].image_url.url", "messages[0].content[0].image_url.url is missing, expected a string.")]
    [InlineData("{\n \"input\": }", null, "The body is not valid JSON at line 2, byte 11.")]
    public async Task Errors_name_the_place(string body, string? place, string message)
    {
        var error = await _server.ErrorAsync("/v1/embeddings", body, 400);
        Assert.Equal((place, message), (error.Param, error.Message));
    }

    [Fact]
    public async Task Other_shapes_have_their_own_rules()
    {
        Assert.Contains("exactly one of", (await _server.ErrorAsync("/v2/embed", """{"texts":["a"],"images":["b"]}""", 400)).Message, StringComparison.Ordinal);
        Assert.Contains("search_query", (await _server.ErrorAsync("/v2/embed", """{"texts":["a"],"input_type":"query_"}""", 400)).Message, StringComparison.Ordinal);
        Assert.Equal("embedding_types[0]", (await _server.ErrorAsync("/v2/embed", """{"texts":["a"],"embedding_types":["int4"]}""", 400)).Param);
        Assert.Equal("inputs[0].content", (await _server.ErrorAsync("/v1/multimodalembeddings", """{"inputs":[{}]}""", 400)).Param);
        Assert.Equal("inputs", (await _server.ErrorAsync("/v1/multimodalembeddings", "{}", 400)).Param);
    }

    [Fact]
    public async Task Methods_paths_and_content_types()
    {
        Assert.Equal(405, (await ErrorSeen.ReadAsync(await _server.Client.GetAsync("/v1/embeddings", TestContext.Current.CancellationToken))).Status);
        Assert.Equal(404, (await ErrorSeen.ReadAsync(await _server.Client.GetAsync("/v1/nothing", TestContext.Current.CancellationToken))).Status);
        Assert.Equal(404, (await ErrorSeen.ReadAsync(await _server.Client.GetAsync("/v1/models/another", TestContext.Current.CancellationToken))).Status);
        using var form = new StringContent("""{"input":"a"}""", Encoding.UTF8, "application/x-www-form-urlencoded");
        Assert.Equal(415, (await ErrorSeen.ReadAsync(await _server.Client.PostAsync("/v1/embeddings", form, TestContext.Current.CancellationToken))).Status);
        using var multipart = new MultipartFormDataContent { { new StringContent("a"), "input" } };
        Assert.Equal(415, (await ErrorSeen.ReadAsync(await _server.Client.PostAsync("/v1/embeddings", multipart, TestContext.Current.CancellationToken))).Status);
    }

    [Fact]
    public Task Requests_with_a_value_replaced_are_answered_or_refused() =>
        Gen.Select(Gen.OneOf(Valid), Gen.Int[0, 40], Gen.OneOf(Junk))
            .SampleAsync((valid, place, junk) => AnsweredOrRefusedAsync(valid.Path, Encoding.UTF8.GetBytes(Replace(valid.Body, place, junk))), iter: 200);

    [Fact]
    public Task Requests_cut_off_are_refused() =>
        Gen.Select(Gen.OneOf(Valid), Gen.Double[0, 0.999]).SampleAsync(
            async (valid, kept) =>
            {
                var bytes = Encoding.UTF8.GetBytes(valid.Body.Trim());
                Assert.NotEqual(HttpStatusCode.OK, await AnsweredOrRefusedAsync(valid.Path, bytes[..(int)(bytes.Length * kept)]));
            }, iter: 60);

    [Fact]
    public Task Requests_with_bytes_changed_are_answered_or_refused() =>
        Gen.Select(Gen.OneOf(Valid), Gen.Select(Gen.Double[0, 0.999], Gen.Byte).Array[1, 4]).SampleAsync(
            (valid, changes) =>
            {
                var bytes = Encoding.UTF8.GetBytes(valid.Body);
                foreach (var (at, value) in changes) bytes[(int)(bytes.Length * at)] = value;
                return AnsweredOrRefusedAsync(valid.Path, bytes);
            }, iter: 150);

    private async Task<HttpStatusCode> AnsweredOrRefusedAsync(string path, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await _server.Client.PostAsync(path, content);
        if (response.StatusCode != HttpStatusCode.OK) Assert.InRange((await ErrorSeen.ReadAsync(response)).Status, 400, 499);
        Assert.Empty(_server.Errors);
        return response.StatusCode;
    }

    /// <summary>Puts junk in the place of a value, counted in the order in which they are written.</summary>
    private static string Replace(string json, int place, string junk)
    {
        const string Mark = "@@@";
        var root = JsonNode.Parse(json)!;
        var values = new List<JsonNode>();
        Collect(root);
        values[place % values.Count].ReplaceWith(Mark);
        return root.ToJsonString().Replace($"\"{Mark}\"", junk, StringComparison.Ordinal);

        void Collect(JsonNode node)
        {
            foreach (var child in node is JsonObject members ? members.Select(member => member.Value) : node is JsonArray list ? list : [])
            {
                values.Add(child!);
                Collect(child!);
            }
        }
    }

    private static IEnumerable<(string Path, string Body)> Bodies(string path, IReadOnlyDictionary<string, string> examples) =>
        examples.Values.Select(body =>
        {
            var quick = JsonNode.Parse(body)!.AsObject();
            quick["max_rationale_tokens"] = 3;
            quick.Remove("stream");
            return (path, quick.ToJsonString());
        });
}
