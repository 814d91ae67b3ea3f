using System.Text.RegularExpressions;
using Rge.Tests.Shared;
using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Training.Tests;

public sealed partial class DeviceTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rge-device-").FullName;

    [Theory]
    [InlineData("cpu")]
    [InlineData("auto")]
    public void A_run_takes_the_device_of_its_settings(string name)
    {
        ShapeWorldCheckpoint.Write(_root, seed: 1);
        using var model = TrainableModel.Load(new ModelSettings { Checkpoint = _root, Device = name }, _root, checkpoint: null, seed: 1);
        Assert.Equal(cuda.is_available() && name == "auto" ? DeviceTypeOf("cuda") : DeviceTypeOf("cpu"), model.Model.Device.type);
    }

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:x")]
    [InlineData("cpu:1")]
    public void A_device_that_is_not_known_is_refused(string name)
    {
        var config = new TrainingConfig { Model = new ModelSettings { Shape = "shapeworld", Device = name } };
        Assert.Equal($"model.device is {name}, expected auto, cpu, cuda or cuda:N.", Assert.Throws<TrainingException>(config.Validate).Message);
    }

    [Fact]
    public async Task A_gpu_that_is_not_there_is_refused_before_the_first_step()
    {
        var config = new TrainingConfig { Model = new ModelSettings { Shape = "shapeworld", Device = "cuda:63" }, Evaluation = new EvaluationSettings { Every = 0 } };
        var error = await Assert.ThrowsAsync<TrainingException>(() =>
            new Trainer(config, new RunFolder(Path.Combine(_root, "run"))).RunAsync(resume: false));
        Assert.StartsWith("model.device is cuda:63", error.Message, StringComparison.Ordinal);
    }

    /// <summary>What creates a tensor in a training path says where, and nothing moves one to a fixed device.</summary>
    [Fact]
    public void No_training_path_names_a_device()
    {
        var source = Path.Combine(Golden.RepositoryRoot, "src", "Rge.Training");
        string[] files = [.. new[] { "Tasks", "Objective", "Optimization" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(source, folder), "*.cs"))];
        Assert.NotEmpty(files);
        foreach (var file in files)
            foreach (var (number, line) in File.ReadLines(file).Index().Where(line => !line.Item.TrimStart().StartsWith("//", StringComparison.Ordinal)))
            {
                // Chosen tokens are read back for the program, which computes nothing with them.
                Assert.False(FixedDevice().IsMatch(line) && !line.Contains("// read back", StringComparison.Ordinal), $"{file}:{number + 1} names a device: {line}");
                // The seeded weights of a head are drawn on the CPU and moved, the learning rate is a number of the kernel.
                if (Created().IsMatch(line) && !line.Contains("generator:", StringComparison.Ordinal) && !line.Contains("LearningRateScale)", StringComparison.Ordinal))
                    Assert.True(line.Contains("evice", StringComparison.Ordinal), $"{file}:{number + 1} creates a tensor on the default device: {line}");
            }
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static TorchSharp.DeviceType DeviceTypeOf(string name) => device(name).type;

    [GeneratedRegex(@"\.(cpu|cuda)\(|\b(CPU|CUDA)\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FixedDevice();

    [GeneratedRegex(@"(?<![\w.])(tensor|zeros|ones|empty|full|rand|randn|arange)\(", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Created();
}
