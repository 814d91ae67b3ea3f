using System.Text.Json.Nodes;
using Rge.Server.Apis.Cohere;
using Rge.Server.Apis.OpenAi;
using Rge.Server.Apis.Rge;
using Rge.Server.Apis.Voyage;
using Rge.Server.Collections;

namespace Rge.Server.Tests;

public sealed class ReferenceTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly TestServer _server = fixture.Server;

    public static TheoryData<string, string> Examples { get; } = new(
        from endpoint in (IEnumerable<(string Path, IReadOnlyDictionary<string, string> Bodies)>)
        [
            ("/v1/embeddings", OpenAiEndpoints.Reference.Examples), ("/v2/embed", CohereEndpoints.Reference.Examples),
            ("/v1/multimodalembeddings", VoyageEndpoints.Reference.Examples), ("/v1/rationales", RationaleEndpoints.Reference.Examples),
            ("/v1/collections", CollectionEndpoints.CreateReference.Examples), ("/v1/collections/{name}/items", ItemEndpoints.AddReference.Examples), ("/v1/collections/{name}/search", SearchEndpoints.Reference.Examples),
        ]
        from title in endpoint.Bodies.Keys
        select (endpoint.Path, title));

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Every_example_is_answered(string path, string title)
    {
        var document = await DocumentAsync();
        var example = document["paths"]![path]!["post"]!["requestBody"]!["content"]!["application/json"]!["examples"]![title]!["value"]!;
        await _server.PostAsync("/v1/collections", CollectionEndpoints.CreateReference.Examples.Values.First(), TestContext.Current.CancellationToken);
        using var response = await _server.SendAsync(path.Replace("{name}", "scenes", StringComparison.Ordinal), example.ToJsonString(), TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_document_has_every_endpoint_and_our_members()
    {
        var document = await DocumentAsync();
        string[] paths = ["/v1/collections", "/v1/collections/{name}", "/v1/collections/{name}/items", "/v1/collections/{name}/search", "/health/live", "/health/ready", "/v1/embeddings", "/v1/models", "/v1/multimodalembeddings", "/v1/rationales", "/v2/embed"];
        Assert.All(paths, path => Assert.NotNull(document["paths"]![path]));
        foreach (var path in (string[])["/v1/embeddings", "/v2/embed", "/v1/multimodalembeddings", "/v1/rationales"])
        {
            var operation = document["paths"]![path]!["post"]!;
            var members = operation["requestBody"]!["content"]!["application/json"]!["schema"]!["properties"]!.AsObject();
            Assert.All((string[])["role", "instruction", "reasoning", "max_rationale_tokens", "return_rationale"], member => Assert.NotNull(members[member]));
            Assert.Contains("error", SchemaOf(document, operation["responses"]!["429"]!), StringComparison.Ordinal);
        }
        Assert.Contains("total_tokens", document.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_shows_the_document_and_takes_nothing_from_elsewhere()
    {
        var page = await _server.Client.GetStringAsync("/reference", TestContext.Current.CancellationToken);
        Assert.Contains("openapi/v1.json", page, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
    }

    private async Task<JsonNode> DocumentAsync() => JsonNode.Parse(await _server.Client.GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken))!;

    private static string SchemaOf(JsonNode document, JsonNode response)
    {
        var name = (string)response["content"]!["application/json"]!["schema"]!["$ref"]!;
        return document["components"]!["schemas"]![name.Split('/')[^1]]!.ToJsonString();
    }
}
