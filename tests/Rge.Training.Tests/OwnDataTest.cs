using System.Text.Json.Nodes;
using Rge.Models;
using Rge.Tests.Shared.Oracle;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Training.Tests;

/// <summary>A test of runs on rows in files, from a checkpoint of Qwen2.5-VL's kind with a repetition penalty of its own.</summary>
public abstract class OwnDataTest : IDisposable
{
    /// <summary>A folder for the test, deleted with it.</summary>
    protected string Root { get; } = Directory.CreateTempSubdirectory("rge-own-").FullName;

    protected OwnDataTest()
    {
        RandomCheckpoint.Write(
            Start,
            ModelShape.Tiny with
            {
                Layers = 2,
                VisionDepth = 2,
                FullAttentionBlocks = [1],
            },
            seed: 7,
            ScalarType.Float32
        );
        OracleData.Write(Data, "first", 12);
        OracleData.Write(Data, "second", 6);
        WriteDevelopment("first");
    }

    protected string Start => Path.Combine(Root, "start");

    protected string Data => Path.Combine(Root, "data");

    protected string Development => Path.Combine(Root, "dev");

    protected TrainingConfig Config =>
        new()
        {
            Name = "own",
            Threads = 1,
            Model = new ModelSettings { Checkpoint = Start },
            Data = new DataSettings { Folder = Data, Queries = 4 },
            Objective = new ObjectiveSettings
            {
                MaxRationaleTokens = 10,
                Temperature = 0.05,
                LmWeight = 0,
            },
            Phases =
            [
                new()
                {
                    Name = "joint",
                    Steps = 3,
                    LearningRate = 1e-3,
                },
            ],
            Evaluation = new EvaluationSettings
            {
                Every = 3,
                Folder = Development,
                Images = Data,
            },
        };

    /// <summary>Six rows, of which each shows one of three images; the right one of three texts is the first.</summary>
    private void WriteDevelopment(string dataset)
    {
        Directory.CreateDirectory(Path.Combine(Development, dataset));
        File.WriteAllLines(
            Path.Combine(Development, dataset, "test.jsonl"),
            Enumerable
                .Range(1, 6)
                .Select(i =>
                    new JsonObject
                    {
                        ["qry_text"] = $"<|image_1|>\nFind what goes with query number {i}\n",
                        ["qry_img_path"] = $"images/{i % 3}.png",
                        ["tgt_text"] = new JsonArray($"item {i}", $"item {i + 1}", $"item {i + 2}"),
                        ["tgt_img_path"] = new JsonArray("", "", ""),
                    }.ToJsonString()
                )
        );
    }

    public void Dispose()
    {
        Directory.Delete(Root, recursive: true);
        GC.SuppressFinalize(this);
    }
}
