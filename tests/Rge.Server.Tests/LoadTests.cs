using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;

namespace Rge.Server.Tests;

[Collection(nameof(Alone))]
public sealed class LoadTests
{
    private const int Clients = 64,
        RequestsEach = 4;

    /// <summary>Fewer places than clients, so that some have to come again.</summary>
    private static readonly ServerLimits Limits = new() { MaxItems = 3, MaxQueuedItems = 48 };

    [Fact]
    public async Task Sixty_four_clients_at_once_each_get_what_one_alone_gets()
    {
        await using var server = await TestServer.StartAsync(new ServerOptions { Limits = Limits });
        string[] bodies = [.. Bodies()];
        var alone = new JsonArray[bodies.Length];
        for (var i = 0; i < bodies.Length; i++)
            alone[i] = (await server.PostAsync("/v1/embeddings", bodies[i]))["data"]!.AsArray();

        var statuses = new ConcurrentBag<HttpStatusCode>();
        await Task.WhenAll(
            Enumerable
                .Range(0, Clients)
                .Select(async client =>
                {
                    var random = new Random(client);
                    for (var answered = 0; answered < RequestsEach; )
                    {
                        var which = random.Next(bodies.Length);
                        using var response = await server.SendAsync("/v1/embeddings", bodies[which]);
                        statuses.Add(response.StatusCode);
                        if (response.StatusCode == HttpStatusCode.TooManyRequests)
                        {
                            Assert.NotNull((await ErrorSeen.ReadAsync(response)).RetryAfter);
                            await Task.Delay(random.Next(20, 60));
                            continue;
                        }
                        var data = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["data"]!.AsArray();
                        Assert.Equal(alone[which].Count, data.Count);
                        foreach (var (item, own) in data.Zip(alone[which]))
                        {
                            Vectors.Same(Vectors.Base64(item!["embedding"]), Vectors.Base64(own!["embedding"]));
                            Assert.Equal((string?)own["rationale"], (string?)item["rationale"]);
                        }
                        answered++;
                    }
                })
        );
        Assert.Empty(statuses.Distinct().Except([HttpStatusCode.OK, HttpStatusCode.TooManyRequests]));
        Assert.Equal(Clients * RequestsEach, statuses.Count(status => status == HttpStatusCode.OK));
        Assert.Empty(server.Errors);
        Assert.Equal(0, server.Admission.Items);
    }

    private static IEnumerable<string> Bodies()
    {
        const string Rest = "\"encoding_format\":\"base64\",\"return_rationale\":true";
        foreach (var (png, text) in TestImages.Queries(10))
        {
            yield return $$"""{"input":[{"image":"{{Convert.ToBase64String(png)}}","text":"{{text}}"}],{{Rest}}}""";
            yield return $$"""{"input":[{"text":"{{text}}"},{"image":"{{Convert.ToBase64String(png)}}"}],"role":"document",{{Rest}}}""";
        }
        yield return $$"""{"input":["a red circle","the blue square above a green triangle","nothing"],{{Rest}}}""";
    }
}
