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
public sealed class RationaleJobTests : RationaleJobTest
{
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
        Oracle.Fail(2, Finish("content_filter", ""));
        Oracle.Fail(4, Finish("stop", "I do not know."));
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
        Assert.Empty(Oracle.Requests);
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
        var outcome = await new Trainer(config, new RunFolder(Path.Combine(Root, "run"))).RunAsync(resume: false);
        Assert.Equal((2, 8L), (outcome.State.Step, outcome.State.Queries));
        Assert.All(File.ReadLines(Path.Combine(Root, "run", "log.jsonl")), line =>
            Assert.True((double)JsonNode.Parse(line)!["lm_loss"]! > 0)
        );
    }

    [Fact]
    public async Task The_request_shows_query_and_target_with_their_images_where_they_stand()
    {
        await RunAsync(Settings with { Limit = 3 }, prompt: OraclePrompt.Parse("Query: {query}\nTarget: {target}\nWrite.", "test"));
        var text = Oracle.Requests.Single(request => request.Row == 1).Request;
        Assert.Equal(["Query: ", "data:image/png;base6", "\nFind what goes with query number 1\nTarget: item 1\nWrite."], text.Parts);
        Assert.Equal(
            [
                "Query: ",
                "data:image/png;base6",
                "\nFind what goes with query number 3\nTarget: ",
                "data:image/png;base6",
                " seen from above\nWrite.",
            ],
            Oracle.Requests.Single(request => request.Row == 3).Request.Parts
        );
        Assert.Equal($"Bearer {Key}", text.Authorization);
        Assert.Equal("oracle-1", (string?)text.Body["model"]);
    }

    [Fact]
    public async Task Large_images_are_sent_smaller_and_no_key_means_no_header()
    {
        await File.WriteAllBytesAsync(Path.Combine(Data, "images", "1.png"), PngEncoder.Encode(OracleData.Image(900, 300)));
        await RunAsync(Settings with { Limit = 1, Oracle = Settings.Oracle with { LongestSide = 600 } }, key: null);
        var request = Oracle.Requests.Single().Request;
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
        var url = Oracle.Requests.Single().Request.Body["messages"]![0]!["content"]!
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
        OracleData.AddColumn(Data, "first", "note");
        var error = await Assert.ThrowsAsync<DatasetException>(() => RunAsync(Settings));
        Assert.Contains("leave it out with --ignore-column note", error.Message, StringComparison.Ordinal);
        Assert.Equal(Rows, (await RunAsync(Settings with { IgnoredColumns = ["note"] })).Kept);
    }

    [Fact]
    public async Task As_many_requests_are_under_way_at_once_as_are_wanted()
    {
        var (waiting, full) = (0, new TaskCompletionSource());
        var plain = Oracle.Answer;
        Oracle.Answer = async (context, request) =>
        {
            if (Interlocked.Increment(ref waiting) == 4)
                full.SetResult();
            await full.Task;
            await plain(context, request);
        };
        await RunAsync(Settings);
        Assert.Equal(4, Oracle.MostAtOnce);
    }

    [Fact]
    public async Task A_broken_image_fails_its_rows_alone_and_is_not_sent()
    {
        await File.WriteAllTextAsync(Path.Combine(Data, "images", "2.png"), "no image", TestContext.Current.CancellationToken);
        var report = await RunAsync(Settings);
        // Rows 2, 5, 8 and 11 ask with it.
        Assert.Equal(4, (int)report.ToJson()["datasets"]!["first"]!["failed"]!);
        Assert.Contains("2.png", report.ToJson()["failed"]!.AsObject().Single().Key, StringComparison.Ordinal);
        Assert.Equal([1, 3, 4, 6, 7, 9, 10, 12], Oracle.Requests.Select(request => request.Row).Order());
    }

    [Fact]
    public async Task Only_the_rows_that_are_new_are_asked_about()
    {
        Assert.Equal(4, (await RunAsync(Settings with { Limit = 4 })).Kept);
        OracleData.Write(Data, "second", 2);
        Assert.Equal(Rows + 2, (await RunAsync(Settings)).Kept);
        Assert.Equal(Rows + 2, Oracle.Requests.Count);
        var rows = await File.ReadAllLinesAsync(Path.Combine(Data, "first", "train.jsonl"), TestContext.Current.CancellationToken);
        rows[6] = rows[6].Replace("item 7", "another item", StringComparison.Ordinal);
        await File.WriteAllLinesAsync(Path.Combine(Data, "first", "train.jsonl"), rows, TestContext.Current.CancellationToken);
        await RunAsync(Settings with { Subsets = ["first"] });
        Assert.Equal([7], Oracle.Requests.Skip(Rows + 2).Select(request => request.Row));
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
        Assert.Equal(4, Oracle.Requests.Count);
        Assert.False(File.Exists(Path.Combine(Output, "first", "train.jsonl")));
        Assert.Contains("| too short | 4 | 33.3 % |", report.ToMarkdown(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_of_requests_under_way_are_kept_when_the_run_is_stopped()
    {
        using var stop = new CancellationTokenSource();
        var (waiting, full, goOn) = (0, new TaskCompletionSource(), new TaskCompletionSource());
        var plain = Oracle.Answer;
        Oracle.Answer = async (context, request) =>
        {
            if (Interlocked.Increment(ref waiting) == 4)
                full.SetResult();
            await goOn.Task;
            await plain(context, request);
        };
        using var endpoint = OracleEndpoint.Connect(Oracle.Address, "oracle-1", Key);
        var run = new RationaleJob(Settings, null, Time).RunAsync(endpoint, OraclePrompt.Default, stop.Token);
        await full.Task;
        await stop.CancelAsync();
        goOn.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(4, Oracle.Requests.Count);

        Assert.Equal(Rows, (await RunAsync(Settings)).Kept);
        Assert.Equal(Rows, Oracle.Requests.Count);
    }

    [Fact]
    public async Task A_folder_of_other_things_is_refused()
    {
        await RunAsync(Settings with { Limit = 1 });
        using (var other = OracleEndpoint.Connect(Oracle.Address, "oracle-2", Key))
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
}
