using System.Text.Json.Nodes;
using Rge.Data.Mmeb;
using Rge.Evaluation;
using Rge.Imaging;
using Rge.Models;
using Rge.Tests.Shared.Oracle;
using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;

namespace Rge.Training.Tests;

/// <summary>The images of rows in files: where they are looked for, how they are read, and those that cannot be used.</summary>
public sealed class OwnImagesTests : OwnDataTest
{
    [Fact]
    public async Task Images_of_the_development_set_have_a_folder_of_their_own_and_broken_ones_are_found_at_once()
    {
        var images = Path.Combine(Root, "other");
        Directory.Move(Path.Combine(Data, "images"), Path.Combine(Directory.CreateDirectory(images).FullName, "images"));
        OracleData.Write(Data, "first", 12);
        File.WriteAllText(Path.Combine(Data, "images", "1.png"), "no image");
        // Broken for training alone, which does not come to it.
        var config = Config with
        {
            Data = Config.Data with { OnError = FailureAction.Skip },
            Evaluation = Config.Evaluation with { Images = images },
        };
        Assert.Equal(
            6,
            (await new Trainer(config, new RunFolder(Path.Combine(Root, "run"))).RunAsync(resume: false)).Development!.Rows.Count()
        );

        var (reported, broken) = (new List<string>(), Config with { Evaluation = Config.Evaluation with { Images = Data } });
        Assert.StartsWith(
            $"{Development}/first/test.jsonl, row 1: ",
            (
                await Assert.ThrowsAsync<TrainingException>(() =>
                    new Trainer(broken, new RunFolder(Path.Combine(Root, "broken"))).RunAsync(resume: false)
                )
            ).Message,
            StringComparison.Ordinal
        );
        broken = broken with { Data = broken.Data with { OnError = FailureAction.Skip } };
        var outcome = await new Trainer(broken, new RunFolder(Path.Combine(Root, "broken")), new Remarks(reported.Add)).RunAsync(
            resume: false
        );
        // Rows 1 and 4 of six show image 1.
        Assert.Equal(4, outcome.Development!.Rows.Count());
        Assert.Contains(reported, remark => remark.Contains("row 4: the row is left out of the development set", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Truncated_images_are_refused_or_accepted_as_the_settings_say()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Data, "images"), "*.png"))
            CutInHalf(file);
        var config = Config with
        {
            Evaluation = new EvaluationSettings { Every = 0 },
            Phases = [Config.Phases[0] with { Steps = 2 }],
        };
        var message = (
            await Assert.ThrowsAsync<TrainingException>(() =>
                new Trainer(config, new RunFolder(Path.Combine(Root, "refusing"))).RunAsync(resume: false)
            )
        ).Message;
        Assert.Contains("is a truncated PNG image", message, StringComparison.Ordinal);
        Assert.Contains("data.truncated_images", message, StringComparison.Ordinal);

        config = config with { Data = config.Data with { TruncatedImages = TruncatedImages.Accept } };
        Assert.Equal(2, (await new Trainer(config, new RunFolder(Path.Combine(Root, "accepting"))).RunAsync(resume: false)).State.Step);

        static void CutInHalf(string file)
        {
            var bytes = File.ReadAllBytes(file);
            File.WriteAllBytes(file, bytes[..(bytes.Length / 2)]);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Areas_of_images_are_trained_with_and_saved_with_the_result(bool isAdapter)
    {
        var config = Config with { Data = Config.Data with { MinPixels = 4 * 28 * 28, MaxPixels = 6 * 28 * 28, ExifOrientation = true } };
        if (isAdapter)
            config = config with { Model = config.Model with { Adapter = new AdapterSettings { Rank = 4 } } };
        var folder = new RunFolder(Path.Combine(Root, "run"));
        var outcome = await new Trainer(config, folder).RunAsync(resume: false);

        using var embedder = ReasoningEmbedder.Load(
            isAdapter ? Start : folder.Model,
            new ReasoningEmbedderOptions { Model = new QwenVlModelOptions { Adapter = isAdapter ? folder.Model : null } }
        );
        var images = embedder.Processor.Images;
        Assert.Equal((4 * 28 * 28, 6 * 28 * 28, true), (images.Config.MinPixels, images.Config.MaxPixels, images.Options.ExifOrientation));
        var again = await new Evaluator(embedder).RunAsync(
            await MmebReader.ReadEvaluationFolderAsync(Development, Data),
            cancellationToken: TestContext.Current.CancellationToken
        );
        Assert.Equal(
            outcome.Development!.Rows.Select(row => (row.Rationale, row.Rank)),
            again.Rows.Select(row => (row.Rationale, row.Rank))
        );
    }

    [Fact]
    public async Task A_row_whose_image_cannot_be_used_ends_a_run_or_gives_way_to_the_next_of_its_dataset_also_after_a_stop()
    {
        File.WriteAllText(Path.Combine(Data, "images", "2.png"), "no image");
        var config = Config with
        {
            Evaluation = new EvaluationSettings { Every = 0 },
            Phases = [Config.Phases[0] with { Steps = 6 }],
            Checkpoints = new CheckpointSettings { Every = 2 },
        };
        var failing = new RunFolder(Path.Combine(Root, "failing"));
        var message = (await Assert.ThrowsAsync<TrainingException>(() => new Trainer(config, failing).RunAsync(resume: false))).Message;
        Assert.Contains("train.jsonl, row ", message, StringComparison.Ordinal);
        Assert.Contains("2.png", message, StringComparison.Ordinal);
        Assert.EndsWith("With data.on_error: skip, --resume continues without such rows.", message, StringComparison.Ordinal);

        var skipping = config with { Data = config.Data with { OnError = FailureAction.Skip } };
        RunFolder whole = new(Path.Combine(Root, "whole")),
            cut = new(Path.Combine(Root, "cut"));
        var outcome = await new Trainer(skipping, whole).RunAsync(resume: false);
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            new Trainer(
                skipping,
                cut,
                new Steps(step =>
                {
                    if (step == 5)
                        throw new InvalidOperationException("cut");
                })
            ).RunAsync(resume: false)
        );
        await new Trainer(skipping, cut).RunAsync(resume: true);
        Assert.Equal(Log(whole), Log(cut));
        var skipped = RunLog
            .Read(whole.Log)
            .SelectMany(entry => entry["skipped"] as JsonArray ?? [])
            .Select(row => (string)row!["row"]!)
            .Distinct(StringComparer.Ordinal)
            .ToArray();
        Assert.Equal(skipped.Length, outcome.SkippedRows);
        // Two of three rows show it, as query or as target; no step has fewer queries for it.
        Assert.NotEmpty(skipped);
        Assert.Equal(24, outcome.State.Queries);

        // What ended a run is skipped when the settings say so.
        Assert.Equal(6, (await new Trainer(skipping, failing).RunAsync(resume: true)).State.Step);

        static (int, double, string?)[] Log(RunFolder folder) =>
            [
                .. RunLog
                    .Read(folder.Log)
                    .Select(entry => ((int)entry["step"]!, Math.Round((double)entry["loss"]!, 4), entry["skipped"]?.ToJsonString())),
            ];
    }

    [Fact]
    public async Task Missing_images_are_counted_before_the_first_step()
    {
        File.Delete(Path.Combine(Data, "images", "2.png"));
        var config = Config with { Evaluation = new EvaluationSettings { Every = 0 } };
        var message = (
            await Assert.ThrowsAsync<TrainingException>(() =>
                new Trainer(config, new RunFolder(Path.Combine(Root, "run"))).RunAsync(resume: false)
            )
        ).Message;
        Assert.Equal(
            $"{Data}/first/train.jsonl, row 2: the image {Data}/images/2.png does not exist: expected it in {Data} (data.images); "
                + "data.on_error: skip leaves such rows out.",
            message
        );
        var reported = new List<string>();
        await new Trainer(
            config with
            {
                Data = config.Data with { OnError = FailureAction.Skip },
            },
            new RunFolder(Path.Combine(Root, "run")),
            new Remarks(reported.Add)
        ).RunAsync(resume: false);
        // Row n shows image n mod 3, and each third row's target the one after.
        Assert.Equal("6 of 18 training rows show an image that does not exist: others take their places.", reported[0]);
    }

    [Fact]
    public async Task Git_lfs_pointers_in_place_of_images_are_named_before_the_first_step()
    {
        void Replace(int image) =>
            File.WriteAllText(
                Path.Combine(Data, "images", $"{image}.png"),
                "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
            );
        Replace(2);
        var config = Config with { Evaluation = new EvaluationSettings { Every = 0 } };
        Assert.Equal(
            $"{Data}/first/train.jsonl, row 2: {Data}/images/2.png is a Git LFS pointer in place of an image: fetch the files with "
                + "'git lfs pull'; data.on_error: skip leaves such rows out.",
            await RefusalAsync(config)
        );
        var skipping = config with { Data = config.Data with { OnError = FailureAction.Skip } };
        var reported = new List<string>();
        await TrainingData.ReadAsync(skipping, measures: false, reported.Add, CancellationToken.None);
        Assert.Equal(
            "6 of 18 training rows show an image that does not exist or is a Git LFS pointer: others take their places.",
            Assert.Single(reported)
        );

        File.Delete(Path.Combine(Data, "images", "1.png"));
        Assert.Equal(
            $"{Data}/first/train.jsonl, row 1: the image {Data}/images/1.png does not exist, like 2 of 3 in all: expected it in {Data} "
                + "(data.images); data.on_error: skip leaves such rows out.",
            await RefusalAsync(config)
        );
        Replace(0);
        Assert.Equal(
            $"{Data}/first/train.jsonl, row 1: the image {Data}/images/1.png does not exist, and no other can be used: expected it in "
                + $"{Data} (data.images).",
            await RefusalAsync(skipping)
        );
        Replace(1);
        Assert.Equal(
            $"{Data}/first/train.jsonl, row 1: {Data}/images/1.png is a Git LFS pointer in place of an image, like every other: fetch the "
                + "files with 'git lfs pull'.",
            await RefusalAsync(skipping)
        );

        static async Task<string> RefusalAsync(TrainingConfig config) =>
            (
                await Assert.ThrowsAsync<TrainingException>(() =>
                    TrainingData.ReadAsync(config, measures: false, null, CancellationToken.None)
                )
            ).Message;
    }

    private sealed class Remarks(Action<string> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Remark is not null)
                report(value.Remark);
        }
    }

    private sealed class Steps(Action<int> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value.Step);
    }
}
