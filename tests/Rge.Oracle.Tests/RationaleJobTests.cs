using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Rge.Data;
using Rge.Data.Mmeb;
using Rge.Files;
using Rge.Imaging;
using Rge.Tests.Shared.Oracle;
using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;
using static Rge.Tests.Shared.Oracle.FakeOracle;

namespace Rge.Oracle.Tests;

/// <summary>Whole runs against a server that speaks the API.</summary>
public sealed class RationaleJobTests : IAsyncLifetime
{
    private const string Key = "sk-secret-0123456789";
    private const int Rows = 12;

    private readonly string _root = Directory.CreateTempSubdirectory("rge-oracle-").FullName;
    private readonly JumpingTime _time = new();
    private FakeOracle _oracle = null!;

    private string Data => Path.Combine(_root, "data");

    private string Output => Path.Combine(_root, "out");

    private RationaleSettings Settings =>
        new()
        {
            Data = Data,
            Output = Output,
            Oracle = new OracleSettings
            {
                Parallel = 4,
                Attempts = 3,
                Timeout = TimeSpan.FromSeconds(60),
            },
        };

    public async ValueTask InitializeAsync()
    {
        OracleData.Write(Data, "first", Rows);
        _oracle = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _oracle.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task Rows_come_out_as_they_were_with_a_rationale_each()
    {
        OracleData.Write(Data, "second", 3);
        var report = await RunAsync(Settings with { InputPrice = 2, OutputPrice = 10 });
        Assert.Equal((15, 15), (report.Rows, report.Kept));
        Assert.Equal(
            (15 * InputTokens, 15 * OutputTokens),
            ((long)report.ToJson()["input_tokens"]!, (long)report.ToJson()["output_tokens"]!)
        );
        Assert.Equal(15 * (InputTokens * 2 + OutputTokens * 10) / 1e6m, (decimal)report.ToJson()["cost"]!);

        var (before, after) = (await MmebReader.ReadTrainingFolderAsync(Data), await MmebReader.ReadTrainingFolderAsync(Output, Data));
        Assert.Equal(before.Select(Describe), after.Select(Describe));
        Assert.Equal(
            [.. Enumerable.Range(1, Rows).Select(Rationale), .. Enumerable.Range(1, 3).Select(Rationale)],
            after.Select(sample => sample.Rationale)
        );

        static string Describe(TrainingSample sample) =>
            string.Join(
                '\n',
                [
                    sample.Dataset,
                    Item(sample.Query),
                    .. sample.Targets.Concat(sample.Negatives).Select(target => $"{target.Key} = {Item(target.Item)}"),
                ]
            );

        static string Item(EmbeddingInput item) => $"{item.Text}|{string.Join(',', item.Images.Select(image => image.Name))}";
    }

    [Fact]
    public async Task Rows_without_a_rationale_to_keep_are_written_where_all_are_wanted_and_train()
    {
        _oracle.Fail(2, Finish("content_filter", ""));
        _oracle.Fail(4, Finish("stop", "I do not know."));
        Assert.Equal(Rows - 2, (await RunAsync(Settings)).Kept);
        Assert.Equal(Rows - 2, (await MmebReader.ReadTrainingFolderAsync(Output, Data)).Count);

        var report = await RunAsync(Settings with { KeepAllRows = true });
        Assert.Equal((Rows, Rows - 2), (report.Rows, report.Kept));
        var rows = await MmebReader.ReadTrainingFolderAsync(Output, Data);
        Assert.Equal(Enumerable.Range(1, Rows).Select(row => row is 2 or 4 ? null : Rationale(row)), rows.Select(row => row.Rationale));
        Assert.Equal("\"item 2\"", rows[1].Targets.Select(target => $"\"{target.Item.Text}\"").Single());
    }

    [Fact]
    public async Task A_folder_that_another_run_works_in_is_refused()
    {
        using (FolderLock.Take(Output))
            Assert.Contains(
                $"{Output} is in use by a run that has not ended",
                (await Assert.ThrowsAsync<OracleException>(() => RunAsync(Settings))).Message,
                StringComparison.Ordinal
            );
        Assert.Empty(_oracle.Requests);
        Assert.Equal(Rows, (await RunAsync(Settings)).Kept);
    }

    [Fact]
    public async Task What_is_written_trains()
    {
        await RunAsync(Settings);
        var config = new TrainingConfig
        {
            Threads = 1,
            Model = new ModelSettings { Shape = "shapeworld" },
            Data = new DataSettings
            {
                Folder = Output,
                Images = Data,
                Queries = 4,
            },
            Objective = new ObjectiveSettings { MaxRationaleTokens = 4 },
            Phases = [new() { Steps = 2, LearningRate = 1e-3 }],
            Evaluation = new EvaluationSettings { Every = 0 },
        };
        var outcome = await new Trainer(config, new RunFolder(Path.Combine(_root, "run"))).RunAsync(resume: false);
        Assert.Equal((2, 8L), (outcome.State.Step, outcome.State.Queries));
        Assert.All(File.ReadLines(Path.Combine(_root, "run", "log.jsonl")), line =>
            Assert.True((double)JsonNode.Parse(line)!["lm_loss"]! > 0)
        );
    }

    [Fact]
    public async Task The_request_shows_query_and_target_with_their_images_where_they_stand()
    {
        await RunAsync(Settings with { Limit = 3 }, prompt: OraclePrompt.Parse("Query: {query}\nTarget: {target}\nWrite.", "test"));
        var text = _oracle.Requests.Single(request => request.Row == 1).Request;
        Assert.Equal(["Query: ", "data:image/png;base6", "\nFind what goes with query number 1\nTarget: item 1\nWrite."], text.Parts);
        Assert.Equal(
            [
                "Query: ",
                "data:image/png;base6",
                "\nFind what goes with query number 3\nTarget: ",
                "data:image/png;base6",
                " seen from above\nWrite.",
            ],
            _oracle.Requests.Single(request => request.Row == 3).Request.Parts
        );
        Assert.Equal($"Bearer {Key}", text.Authorization);
        Assert.Equal("oracle-1", (string?)text.Body["model"]);
    }

    [Fact]
    public async Task Large_images_are_sent_smaller_and_no_key_means_no_header()
    {
        await File.WriteAllBytesAsync(Path.Combine(Data, "images", "1.png"), PngEncoder.Encode(OracleData.Image(900, 300)));
        await RunAsync(Settings with { Limit = 1, Oracle = Settings.Oracle with { LongestSide = 600 } }, key: null);
        var request = _oracle.Requests.Single().Request;
        Assert.Equal("", request.Authorization);
        var url = request.Body["messages"]![0]!["content"]!
            .AsArray()
            .Select(part => (string?)part!["image_url"]?["url"])
            .OfType<string>()
            .Single();
        Assert.StartsWith("data:image/jpeg;base64,", url, StringComparison.Ordinal);
        var image = Imaging.ImageDecoder.Decode(Convert.FromBase64String(url[(url.IndexOf(',', StringComparison.Ordinal) + 1)..]), "sent");
        Assert.Equal((600, 200), (image.Width, image.Height));
    }

    [Theory]
    [InlineData(null, 40, 24)]
    [InlineData(true, 24, 40)]
    public async Task Images_are_turned_upright_where_that_is_asked_for(bool? exifOrientation, int width, int height)
    {
        await File.WriteAllBytesAsync(
            Path.Combine(Data, "images", "1.png"),
            OracleData.Turned(JpegEncoder.Encode(OracleData.Image(40, 24)))
        );
        var images = new ImageOptions { ExifOrientation = exifOrientation };
        await RunAsync(Settings with { Limit = 1, Oracle = Settings.Oracle with { Images = images } });
        var url = _oracle.Requests.Single().Request.Body["messages"]![0]!["content"]!
            .AsArray()
            .Select(part => (string?)part!["image_url"]?["url"])
            .OfType<string>()
            .Single();
        var image = ImageDecoder.Decode(Convert.FromBase64String(url[(url.IndexOf(',', StringComparison.Ordinal) + 1)..]), "sent");
        Assert.Equal((width, height), (image.Width, image.Height));
    }

    [Fact]
    public async Task A_column_that_is_not_understood_is_named_unless_it_is_to_be_ignored()
    {
        var rows = Path.Combine(Data, "first", "train.jsonl");
        var lines = await File.ReadAllLinesAsync(rows, TestContext.Current.CancellationToken);
        await File.WriteAllLinesAsync(
            rows,
            lines.Select(line => $$"""{"note": "n", {{line[1..]}}"""),
            TestContext.Current.CancellationToken
        );
        var error = await Assert.ThrowsAsync<DatasetException>(() => RunAsync(Settings));
        Assert.Contains("leave it out with --ignore-column note", error.Message, StringComparison.Ordinal);
        Assert.Equal(Rows, (await RunAsync(Settings with { IgnoredColumns = ["note"] })).Kept);
    }

    [Fact]
    public async Task As_many_requests_are_under_way_at_once_as_are_wanted()
    {
        var (waiting, full) = (0, new TaskCompletionSource());
        var plain = _oracle.Answer;
        _oracle.Answer = async (context, request) =>
        {
            if (Interlocked.Increment(ref waiting) == 4)
                full.SetResult();
            await full.Task;
            await plain(context, request);
        };
        await RunAsync(Settings);
        Assert.Equal(4, _oracle.MostAtOnce);
    }

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
        _oracle.Fail(2, reply);
        var report = await RunAsync(
            Settings with
            {
                Oracle = Settings.Oracle with { Timeout = TimeSpan.FromSeconds(fault == "silence" ? 4 : 60) },
            }
        );
        Assert.Equal((Rows, 2), (report.Kept, _oracle.AskedAbout(2)));
        Assert.InRange(_time.Waits.Single(), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.25));
    }

    [Fact]
    public async Task A_pause_that_the_endpoint_asks_for_is_kept_by_all_requests()
    {
        _oracle.Fail(1, Status(429, retryAfter: "20"));
        var arrivals = new List<DateTimeOffset>();
        var plain = _oracle.Answer;
        _oracle.Answer = (context, request) =>
        {
            lock (arrivals)
                arrivals.Add(_time.GetUtcNow());
            return plain(context, request);
        };
        var begun = _time.GetUtcNow();
        // The first row fails at once; it is the others that wait.
        var report = await RunAsync(Settings with { Oracle = Settings.Oracle with { Parallel = 1, Attempts = 1 } });
        Assert.Equal(Rows - 1, report.Kept);
        Assert.InRange(_time.Waits.First(), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(25));
        Assert.All(arrivals, arrival => Assert.True(arrival >= begun + TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task A_pause_given_as_a_time_of_day_is_kept_and_one_too_long_ends_the_run()
    {
        _oracle.Fail(
            1,
            Status(503, retryAfter: _time.GetUtcNow().AddSeconds(100).ToString("R", System.Globalization.CultureInfo.InvariantCulture))
        );
        await RunAsync(Settings with { Limit = 1 });
        Assert.InRange(_time.Waits.First(), TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(130));

        _oracle.Fail(2, Status(429, retryAfter: "7200"));
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
        _oracle.Answer = Status(status, body);
        var error = await FailAsync(Settings with { Oracle = Settings.Oracle with { Parallel = 1 } });
        Assert.Equal($"{_oracle.Address}: {expected} 0 answers are kept; the same command resumes from there.", error.Message);
        Assert.DoesNotContain(Key, error.ToString(), StringComparison.Ordinal);
        Assert.Single(_oracle.Requests);
    }

    [Fact]
    public async Task A_row_that_fails_for_good_is_put_aside_and_asked_again_by_the_next_run_alone()
    {
        _oracle.Fail(5, Status(500, "broken"), Status(502), Status(500, "{\"error\": \"still broken\"}"));
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

        var asked = _oracle.Requests.Count;
        Assert.Equal(Rows, (await RunAsync(Settings)).Kept);
        Assert.Equal([5], _oracle.Requests.Skip(asked).Select(request => request.Row));
        Assert.Empty(await File.ReadAllTextAsync(Path.Combine(Output, "failed.jsonl"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Refusals_are_final_until_a_run_is_told_to_try_them_again()
    {
        _oracle.Fail(1, Finish("content_filter", ""));
        _oracle.Fail(2, Finish("length", "The query names a thing and"));
        _oracle.Fail(3, Finish("stop", null, refusal: "I will not."));
        _oracle.Fail(4, Status(400, """{"error": {"message": "policy", "code": "content_filter"}}"""));
        _oracle.Fail(5, Finish("stop", "item 5"));
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
        Assert.Equal(Rows, _oracle.Requests.Count);

        await RunAsync(Settings);
        Assert.Equal(Rows, _oracle.Requests.Count);
        Assert.Equal(Rows, (await RunAsync(Settings with { Retry = true })).Kept);
        Assert.Equal([1, 2, 3, 4, 5], _oracle.Requests.Skip(Rows).Select(request => request.Row).Order());
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
            new RationaleJob(Settings, null, _time).RunAsync(endpoint, OraclePrompt.Default, TestContext.Current.CancellationToken)
        );
        Assert.StartsWith($"{nobody}: Connection refused", error.Message, StringComparison.Ordinal);
        Assert.True(_time.Waits.Count >= 2, "it was not tried again");
    }

    [Fact]
    public async Task An_endpoint_that_breaks_ends_the_run_before_all_rows_have_failed()
    {
        var settings = Settings with { Oracle = Settings.Oracle with { Parallel = 1, Attempts = 1, GiveUpAfter = 3 } };
        var plain = _oracle.Answer;
        _oracle.Answer = (context, request) => RowOf(request) <= 4 ? plain(context, request) : Status(500)(context, request);
        var error = await FailAsync(settings);
        Assert.Equal(
            $"{_oracle.Address}: 3 rows one after the other have got no answer, the last: HTTP 500. 4 answers are kept; the same "
                + "command resumes from there.",
            error.Message
        );
        Assert.Equal(7, _oracle.Requests.Count);

        _oracle.Answer = plain;
        Assert.Equal(Rows, (await RunAsync(settings)).Kept);
        Assert.All(Enumerable.Range(1, 4), row => Assert.Equal(1, _oracle.AskedAbout(row)));
    }

    [Fact]
    public async Task A_broken_image_fails_its_rows_alone_and_is_not_sent()
    {
        await File.WriteAllTextAsync(Path.Combine(Data, "images", "2.png"), "no image", TestContext.Current.CancellationToken);
        var report = await RunAsync(Settings);
        // Rows 2, 5, 8 and 11 ask with it.
        Assert.Equal(4, (int)report.ToJson()["datasets"]!["first"]!["failed"]!);
        Assert.Contains("2.png", report.ToJson()["failed"]!.AsObject().Single().Key, StringComparison.Ordinal);
        Assert.Equal([1, 3, 4, 6, 7, 9, 10, 12], _oracle.Requests.Select(request => request.Row).Order());
    }

    [Fact]
    public async Task Only_the_rows_that_are_new_are_asked_about()
    {
        Assert.Equal(4, (await RunAsync(Settings with { Limit = 4 })).Kept);
        OracleData.Write(Data, "second", 2);
        Assert.Equal(Rows + 2, (await RunAsync(Settings)).Kept);
        Assert.Equal(Rows + 2, _oracle.Requests.Count);
        var rows = await File.ReadAllLinesAsync(Path.Combine(Data, "first", "train.jsonl"), TestContext.Current.CancellationToken);
        rows[6] = rows[6].Replace("item 7", "another item", StringComparison.Ordinal);
        await File.WriteAllLinesAsync(Path.Combine(Data, "first", "train.jsonl"), rows, TestContext.Current.CancellationToken);
        await RunAsync(Settings with { Subsets = ["first"] });
        Assert.Equal([7], _oracle.Requests.Skip(Rows + 2).Select(request => request.Row));
    }

    [Fact]
    public async Task Nothing_is_asked_offline_and_other_rules_apply_to_old_answers()
    {
        await RunAsync(Settings with { Limit = 4 });
        var report = await RunAsync(
            Settings with
            {
                Offline = true,
                Rules = new RationaleRules { MinWords = 30 },
            }
        );
        Assert.Equal((0, 4, Rows - 4), (report.Kept, (int)report.ToJson()["rejected"]!["too short"]!, (int)report.ToJson()["not_asked"]!));
        Assert.Equal(4, _oracle.Requests.Count);
        Assert.False(File.Exists(Path.Combine(Output, "first", "train.jsonl")));
        Assert.Contains("| too short | 4 | 33.3 % |", report.ToMarkdown(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_of_requests_under_way_are_kept_when_the_run_is_stopped()
    {
        using var stop = new CancellationTokenSource();
        var (waiting, full, goOn) = (0, new TaskCompletionSource(), new TaskCompletionSource());
        var plain = _oracle.Answer;
        _oracle.Answer = async (context, request) =>
        {
            if (Interlocked.Increment(ref waiting) == 4)
                full.SetResult();
            await goOn.Task;
            await plain(context, request);
        };
        using var endpoint = OracleEndpoint.Connect(_oracle.Address, "oracle-1", Key);
        var run = new RationaleJob(Settings, null, _time).RunAsync(endpoint, OraclePrompt.Default, stop.Token);
        await full.Task;
        await stop.CancelAsync();
        goOn.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(4, _oracle.Requests.Count);

        Assert.Equal(Rows, (await RunAsync(Settings)).Kept);
        Assert.Equal(Rows, _oracle.Requests.Count);
    }

    [Fact]
    public async Task A_folder_of_other_things_is_refused()
    {
        await RunAsync(Settings with { Limit = 1 });
        using (var other = OracleEndpoint.Connect(_oracle.Address, "oracle-2", Key))
            Assert.Contains(
                "was begun with {\"model\":\"oracle-1\"",
                (
                    await Assert.ThrowsAsync<OracleException>(() =>
                        new RationaleJob(Settings).RunAsync(other, OraclePrompt.Default, default)
                    )
                ).Message,
                StringComparison.Ordinal
            );
        Assert.Contains(
            "was begun with",
            (await FailAsync(Settings, OraclePrompt.Parse("{query} {target}", "other"))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "is not empty",
            (await FailAsync(Settings with { Output = Path.Combine(Data, "images") })).Message,
            StringComparison.Ordinal
        );
        Assert.Contains("is the data folder", (await FailAsync(Settings with { Output = Data })).Message, StringComparison.Ordinal);
        using (File.Open(Path.Combine(Output, "answers.jsonl"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            Assert.Contains("is another run at work", (await FailAsync(Settings)).Message, StringComparison.Ordinal);
    }

    private async Task<RationaleReport> RunAsync(RationaleSettings settings, OraclePrompt? prompt = null, string? key = Key)
    {
        using var endpoint = OracleEndpoint.Connect(_oracle.Address, "oracle-1", key);
        return await new RationaleJob(settings, null, _time).RunAsync(
            endpoint,
            prompt ?? OraclePrompt.Default,
            TestContext.Current.CancellationToken
        );
    }

    private Task<OracleException> FailAsync(RationaleSettings settings, OraclePrompt? prompt = null) =>
        Assert.ThrowsAsync<OracleException>(() => RunAsync(settings, prompt));
}
