using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Rge.Data.Mmeb;
using static Rge.Tests.Shared.Oracle.FakeOracle;

namespace Rge.Oracle.Tests;

/// <summary>Runs against a server that fails, refuses or is not there.</summary>
public sealed class EndpointFaultTests : RationaleJobTest
{
    public static TheoryData<string> Passing => ["500", "429", "malformed", "no choices", "html", "hang-up", "silence"];

    [Theory]
    [MemberData(nameof(Passing))]
    public async Task What_may_pass_is_tried_again(string fault)
    {
        Reply reply = fault switch
        {
            "500" => Status(500, "{\"error\": {\"message\": \"overloaded\"}}"),
            "429" => Status(429),
            "malformed" => Body("{\"choices\": [{\"mess"),
            "no choices" => Body("""{"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": []}"""),
            "html" => Body("<html>gateway</html>"),
            "hang-up" => HangUp,
            _ => Silence,
        };
        Oracle.Fail(2, reply);
        var report = await RunAsync(
            Settings with
            {
                Oracle = Settings.Oracle with { Timeout = TimeSpan.FromSeconds(fault == "silence" ? 4 : 60) },
            }
        );
        Assert.Equal((Rows, 2), (report.Kept, Oracle.AskedAbout(2)));
        Assert.InRange(Time.Waits.Single(), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.25));
    }

    [Fact]
    public async Task A_pause_that_the_endpoint_asks_for_is_kept_by_all_requests()
    {
        Oracle.Fail(1, Status(429, retryAfter: "20"));
        var arrivals = new List<DateTimeOffset>();
        var plain = Oracle.Answer;
        Oracle.Answer = (context, request) =>
        {
            lock (arrivals)
                arrivals.Add(Time.GetUtcNow());
            return plain(context, request);
        };
        var begun = Time.GetUtcNow();
        // The first row fails at once; it is the others that wait.
        var report = await RunAsync(Settings with { Oracle = Settings.Oracle with { Parallel = 1, Attempts = 1 } });
        Assert.Equal(Rows - 1, report.Kept);
        Assert.InRange(Time.Waits.First(), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(25));
        Assert.All(arrivals, arrival => Assert.True(arrival >= begun + TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task A_pause_given_as_a_time_of_day_is_kept_and_one_too_long_ends_the_run()
    {
        Oracle.Fail(
            1,
            Status(503, retryAfter: Time.GetUtcNow().AddSeconds(100).ToString("R", System.Globalization.CultureInfo.InvariantCulture))
        );
        await RunAsync(Settings with { Limit = 1 });
        Assert.InRange(Time.Waits.First(), TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(130));

        Oracle.Fail(2, Status(429, retryAfter: "7200"));
        Assert.Contains("02:00:00", (await FailAsync(Settings)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        401,
        """{"error": {"message": "Incorrect API key provided: sk-secret-0123456789.", "code": "invalid_api_key"}}""",
        "HTTP 401: Incorrect API key provided: ***."
    )]
    [InlineData(
        429,
        """{"error": {"message": "a", "message": "You exceeded your quota", "code": "insufficient_quota"}, "type": 1, "type": 2}""",
        "HTTP 429: You exceeded your quota."
    )]
    [InlineData(404, """{"detail": "half \ud800"}""", """HTTP 404: {"detail": "half \ud800"}.""")]
    [InlineData(404, """{"detail": ["no", "model"]}""", """HTTP 404: ["no", "model"].""")]
    [InlineData(404, """["no model"]""", """HTTP 404: ["no model"].""")]
    [InlineData(404, """{"detail": "The model oracle-1 does not exist"}""", "HTTP 404: The model oracle-1 does not exist.")]
    [InlineData(
        429,
        """{"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}""",
        "HTTP 429: You exceeded your quota."
    )]
    [InlineData(302, "elsewhere", "HTTP 302: elsewhere.")]
    public async Task What_no_request_can_pass_ends_the_run_with_one_sentence(int status, string body, string expected)
    {
        Oracle.Answer = Status(status, body);
        var error = await FailAsync(Settings with { Oracle = Settings.Oracle with { Parallel = 1 } });
        Assert.Equal($"{Oracle.Address}: {expected} 0 answers are kept; the same command resumes from there.", error.Message);
        Assert.DoesNotContain(Key, error.ToString(), StringComparison.Ordinal);
        Assert.Single(Oracle.Requests);
    }

    [Fact]
    public async Task A_row_that_fails_for_good_is_put_aside_and_asked_again_by_the_next_run_alone()
    {
        Oracle.Fail(5, Status(500, "broken"), Status(502), Status(500, "{\"error\": \"still broken\"}"));
        var report = await RunAsync(Settings);
        Assert.Equal(Rows - 1, report.Kept);
        var failed = JsonNode.Parse(
            Assert.Single(await File.ReadAllLinesAsync(Path.Combine(Output, "failed.jsonl"), TestContext.Current.CancellationToken))
        )!;
        Assert.Equal(
            ("first", 5, "no answer", "HTTP 500: still broken"),
            ((string?)failed["dataset"], (int)failed["row"]!, (string?)failed["reason"], (string?)failed["detail"])
        );
        Assert.Equal(Rows - 1, (await MmebReader.ReadTrainingFolderAsync(Output, Data)).Count);

        var asked = Oracle.Requests.Count;
        Assert.Equal(Rows, (await RunAsync(Settings)).Kept);
        Assert.Equal([5], Oracle.Requests.Skip(asked).Select(request => request.Row));
        Assert.Empty(await File.ReadAllTextAsync(Path.Combine(Output, "failed.jsonl"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Refusals_are_final_until_a_run_is_told_to_try_them_again()
    {
        Oracle.Fail(1, Finish("content_filter", ""));
        Oracle.Fail(2, Finish("length", "The query names a thing and"));
        Oracle.Fail(3, Finish("stop", null, refusal: "I will not."));
        Oracle.Fail(4, Status(400, """{"error": {"message": "policy", "code": "content_filter"}}"""));
        Oracle.Fail(5, Finish("stop", "item 5"));
        var report = await RunAsync(Settings);
        Assert.Equal(Rows - 5, report.Kept);
        Assert.Equal(
            [
                "a content filter has stopped the answer",
                "the answer was cut off at the largest number of tokens",
                "the model has refused: I will not.",
                "HTTP 400: policy",
            ],
            report.ToJson()["refused"]!.AsObject().Select(pair => pair.Key)
        );
        Assert.Equal(1, (int)report.ToJson()["rejected"]!["copy of the target"]!);
        Assert.Equal(Rows, Oracle.Requests.Count);

        await RunAsync(Settings);
        Assert.Equal(Rows, Oracle.Requests.Count);
        Assert.Equal(Rows, (await RunAsync(Settings with { Retry = true })).Kept);
        Assert.Equal([1, 2, 3, 4, 5], Oracle.Requests.Skip(Rows).Select(request => request.Row).Order());
    }

    [Fact]
    public async Task An_endpoint_that_is_not_there_ends_the_run()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var nobody = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/v1");
        listener.Stop();
        using var endpoint = OracleEndpoint.Connect(nobody, "oracle-1", Key);
        var error = await Assert.ThrowsAsync<OracleException>(() =>
            new RationaleJob(Settings, null, Time).RunAsync(endpoint, OraclePrompt.Default, TestContext.Current.CancellationToken)
        );
        Assert.StartsWith($"{nobody}: Connection refused", error.Message, StringComparison.Ordinal);
        Assert.True(Time.Waits.Count >= 2, "it was not tried again");
    }

    [Fact]
    public async Task An_endpoint_that_breaks_ends_the_run_before_all_rows_have_failed()
    {
        var settings = Settings with { Oracle = Settings.Oracle with { Parallel = 1, Attempts = 1, GiveUpAfter = 3 } };
        var plain = Oracle.Answer;
        Oracle.Answer = (context, request) => RowOf(request) <= 4 ? plain(context, request) : Status(500)(context, request);
        var error = await FailAsync(settings);
        Assert.Equal(
            $"{Oracle.Address}: 3 rows one after the other have got no answer, the last: HTTP 500. 4 answers are kept; the same "
                + "command resumes from there.",
            error.Message
        );
        Assert.Equal(7, Oracle.Requests.Count);

        Oracle.Answer = plain;
        Assert.Equal(Rows, (await RunAsync(settings)).Kept);
        Assert.All(Enumerable.Range(1, 4), row => Assert.Equal(1, Oracle.AskedAbout(row)));
    }
}
