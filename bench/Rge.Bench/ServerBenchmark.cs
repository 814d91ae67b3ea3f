using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Rge.Imaging;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;

namespace Rge.Bench;

/// <summary>
/// A running <c>rge serve</c> under load: one client, then many, each asking one question after the other, a drawn scene with a question
/// that is reasoned about. Every answer is compared with the one that was given to a client alone. Prints one JSON line.
/// </summary>
internal sealed class ServerBenchmark : IDisposable
{
    private const int Clients = 64,
        Questions = 48;
    private const double SameDistance = 1e-6;

    private readonly HttpClient _client;
    private readonly string[] _bodies;
    private readonly Answer[] _alone = new Answer[Questions];

    private ServerBenchmark(Uri url)
    {
        _client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Clients })
        {
            BaseAddress = url,
            Timeout = TimeSpan.FromMinutes(5),
        };
        var samples = new ShapeWorldSamples(seed: 11, WorldSplit.Test);
        _bodies =
        [
            .. Enumerable
                .Range(0, int.MaxValue)
                .Select(i => samples.Group(i)[0].Query)
                .Where(query => query.Images.Count == 1)
                .Take(Questions)
                .Select(query =>
                    new JsonObject
                    {
                        ["input"] = new JsonArray(
                            new JsonObject
                            {
                                ["image"] = Convert.ToBase64String(PngEncoder.Encode(query.Images[0].Decode())),
                                ["text"] = query.Text ?? "",
                            }
                        ),
                        ["encoding_format"] = "base64",
                        ["return_rationale"] = true,
                    }.ToJsonString()
                ),
        ];
    }

    public static async Task RunAsync(Uri url, int seconds)
    {
        using var bench = new ServerBenchmark(url);
        for (var i = 0; i < Questions; i++)
            bench._alone[i] = (await bench.AskAsync(i)).Answer ?? throw new InvalidOperationException("A client alone was refused.");
        var before = await bench.MemoryAsync();
        var (one, many) = (await bench.LoadAsync(1, seconds), await bench.LoadAsync(Clients, seconds));
        var result = new JsonObject
        {
            ["one_client_per_s"] = one.PerSecond,
            ["clients"] = Clients,
            ["many_clients_per_s"] = many.PerSecond,
            ["ratio"] = many.PerSecond / one.PerSecond,
            ["one_median_ms"] = one.Median,
            ["many_median_ms"] = many.Median,
            ["many_p99_ms"] = many.Late,
            ["answered"] = one.Answered + many.Answered,
            ["refused_429"] = one.Refused + many.Refused,
            ["other_errors"] = one.Failed + many.Failed,
            ["different_answers"] = one.Different + many.Different,
            ["memory_before_mb"] = before,
            ["memory_after_mb"] = await bench.MemoryAsync(),
        };
        Console.WriteLine(result.ToJsonString());
    }

    public void Dispose() => _client.Dispose();

    private async Task<Load> LoadAsync(int clients, int seconds)
    {
        var (latencies, refused, failed, different) = (new ConcurrentBag<double>(), 0, 0, 0);
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(
            Enumerable
                .Range(0, clients)
                .Select(async client =>
                {
                    var random = new Random(client);
                    while (watch.Elapsed.TotalSeconds < seconds)
                    {
                        var (which, start) = (random.Next(Questions), Stopwatch.GetTimestamp());
                        var (status, answer) = await AskAsync(which);
                        if (answer is not null)
                        {
                            latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                            if (!answer.IsSameAs(_alone[which]))
                                Interlocked.Increment(ref different);
                        }
                        else if (status == HttpStatusCode.TooManyRequests)
                        {
                            Interlocked.Increment(ref refused);
                            await Task.Delay(200);
                        }
                        else
                        {
                            Interlocked.Increment(ref failed);
                        }
                    }
                })
        );
        double[] sorted = [.. latencies.Order()];
        return new Load(
            sorted.Length,
            sorted.Length / watch.Elapsed.TotalSeconds,
            sorted.Median(),
            sorted[sorted.Length * 99 / 100],
            refused,
            failed,
            different
        );
    }

    private async Task<(HttpStatusCode Status, Answer? Answer)> AskAsync(int which)
    {
        using var response = await _client.PostAsync(
            "/v1/embeddings",
            new StringContent(_bodies[which], Encoding.UTF8, "application/json")
        );
        if (response.StatusCode != HttpStatusCode.OK)
            return (response.StatusCode, null);
        var item = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["data"]![0]!;
        return (
            response.StatusCode,
            new Answer(
                MemoryMarshal.Cast<byte, float>(Convert.FromBase64String((string)item["embedding"]!)).ToArray(),
                (string?)item["rationale"]
            )
        );
    }

    /// <summary>The server's working set, as it measures it itself.</summary>
    private async Task<double> MemoryAsync()
    {
        const string Name = "dotnet_process_memory_working_set_bytes";
        var line = (await _client.GetStringAsync("/metrics")).Split('\n').Last(line => line.StartsWith(Name, StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture) / 1e6;
    }

    private sealed record Load(int Answered, double PerSecond, double Median, double Late, int Refused, int Failed, int Different);

    private sealed record Answer(float[] Vector, string? Rationale)
    {
        public bool IsSameAs(Answer other) => Rationale == other.Rationale && 1 - Similarity.Cosine(Vector, other.Vector) < SameDistance;
    }
}
