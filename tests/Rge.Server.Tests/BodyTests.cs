using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Rge.Server.Tests;

/// <summary>Bodies: compressed ones, those that never end, and how much memory all of them may have.</summary>
public sealed class BodyTests
{
    private const string Path = "/v1/embeddings";
    private const string Quick = """{"input":"a red circle","reasoning":"off"}""";
    private const int Body = 1 << 20,
        Memory = 3 << 20;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Many_half_sent_bodies_hold_no_more_than_the_memory_for_them_and_small_requests_are_served()
    {
        await using var server = await TestServer.StartAsync(
            new ServerOptions
            {
                Limits = new ServerLimits { MaxBodyBytes = Body, MaxBodyMemoryBytes = Memory },
            }
        );
        using var close = new CancellationTokenSource();
        var half = new byte[Body - 1000];
        Array.Fill(half, (byte)'a');
        var senders = Enumerable
            .Range(0, 20)
            .Select(async _ =>
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, server.Address.Port, Cancel);
                var stream = client.GetStream();
                await stream.WriteAsync(
                    Encoding.ASCII.GetBytes(
                        $"POST {Path} HTTP/1.1\r\nHost: {server.Address.Authority}\r\nContent-Type: "
                            + $"application/json\r\nContent-Length: {Body}\r\n\r\n{{\"input\":\""
                    ),
                    Cancel
                );
                try
                {
                    await stream.WriteAsync(half, close.Token);
                    var answer = new byte[4096];
                    var count = await stream.ReadAsync(answer, close.Token);
                    return Encoding.ASCII.GetString(answer, 0, count);
                }
                catch (Exception e) when (e is OperationCanceledException or IOException)
                {
                    return "";
                }
            })
            .ToArray();

        await TestServer.UntilAsync(() =>
        {
            Assert.InRange(server.Memory.Used, 0, Memory);
            return Task.FromResult(server.Memory.Used > Memory / 2 && server.Memory.Refused > 10);
        });
        await server.PostAsync(Path, Quick, Cancel);
        await close.CancelAsync();
        var answers = await Task.WhenAll(senders);
        Assert.Contains(answers, answer =>
            answer.StartsWith("HTTP/1.1 429", StringComparison.Ordinal)
            && answer.Contains("Retry-After: ", StringComparison.Ordinal)
            && answer.Contains("body_memory_full", StringComparison.Ordinal)
        );
        await TestServer.UntilAsync(() => Task.FromResult(server.Memory.Used == 0));
        // A large body is taken again.
        await server.PostAsync(Path, $$"""{"input":"a red circle","reasoning":"off","user":"{{new string('x', Body / 2)}}"}""", Cancel);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_body_that_does_not_arrive_in_time_is_given_up()
    {
        await using var server = await TestServer.StartAsync(new ServerOptions { BodySeconds = 1 });
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port, Cancel);
        var stream = client.GetStream();
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"POST {Path} HTTP/1.1\r\nHost: {server.Address.Authority}\r\nContent-Type: application/json\r\nContent-Length: "
                    + $"100\r\n\r\n{{\"input\":"
            ),
            Cancel
        );
        using var reader = new StreamReader(stream);
        Assert.Equal("HTTP/1.1 408 Request Timeout", await reader.ReadLineAsync(Cancel));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("GZIP")]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("identity")]
    public async Task A_compressed_body_gives_what_the_plain_one_gives(string encoding)
    {
        await using var server = await TestServer.StartAsync();
        using var response = await SendAsync(server, Compress(Encoding.UTF8.GetBytes(Quick), encoding), encoding);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!;
        Vectors.Same(
            Vectors.Floats(answer["data"]![0]!["embedding"]),
            Vectors.Floats((await server.PostAsync(Path, Quick, Cancel))["data"]![0]!["embedding"])
        );
    }

    [Fact]
    public async Task Compressed_bodies_are_bounded_and_other_encodings_refused()
    {
        await using var server = await TestServer.StartAsync();
        // 100 MB of blanks in 100 KB.
        var bomb = new byte[100 << 20];
        Array.Fill(bomb, (byte)' ');
        Assert.Equal((413, "body_too_large"), await RefusedAsync(Compress(bomb, "gzip"), "gzip"));
        Assert.Equal((400, "invalid_encoding"), await RefusedAsync(Encoding.UTF8.GetBytes(Quick), "gzip"));
        Assert.Equal((400, "invalid_json"), await RefusedAsync(Compress("{"u8.ToArray(), "gzip"), "gzip"));
        foreach (var encoding in (string[])["zstd", "gzip, gzip", "compress"])
            Assert.Equal((415, "unsupported_encoding"), await RefusedAsync(Encoding.UTF8.GetBytes(Quick), encoding));

        async Task<(int, string?)> RefusedAsync(byte[] body, string encoding)
        {
            using var response = await SendAsync(server, body, encoding);
            var error = await ErrorSeen.ReadAsync(response);
            return (error.Status, error.Code);
        }
    }

    [Fact]
    public async Task A_byte_order_mark_is_no_json_but_let_pass()
    {
        await using var server = await TestServer.StartAsync();
        using var response = await SendAsync(server, [.. "\uFEFF"u8, .. Encoding.UTF8.GetBytes(Quick)], encoding: null);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static async Task<HttpResponseMessage> SendAsync(TestServer server, byte[] body, string? encoding)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (encoding is not null)
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        return await server.Client.PostAsync(Path, content, Cancel);
    }

    private static byte[] Compress(byte[] body, string encoding)
    {
        using var compressed = new MemoryStream();
        using (
            Stream stream = encoding.ToUpperInvariant() switch
            {
                "GZIP" => new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
                "BR" => new BrotliStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
                "DEFLATE" => new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
                _ => new BufferedStream(compressed),
            }
        )
        {
            stream.Write(body);
            stream.Flush();
            if (stream is BufferedStream)
                return compressed.ToArray();
        }
        return compressed.ToArray();
    }
}
