using Rge.Models.Inputs;
using Rge.Tests.Shared;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

public sealed class RandomCheckpointTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-random-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(ModelFamily.Qwen25Vl, "Qwen2Tokenizer")]
    [InlineData(ModelFamily.Qwen35, "Qwen3_5Tokenizer")]
    public void A_checkpoint_of_each_family_loads_and_runs(ModelFamily family, string tokenizerClass)
    {
        RandomCheckpoint.Write(Path.Combine(_folder, "m"), ModelShape.Tiny with { Family = family }, seed: 2, ScalarType.BFloat16);
        var folder = Path.Combine(_folder, "m");
        using var scope = NewDisposeScope();
        using var model = QwenVlModel.Load(folder);
        Assert.Equal((family, ScalarType.BFloat16), (model.Config.Family, model.DType));
        var processor = QwenVlProcessor.Load(folder);
        Assert.Contains(tokenizerClass, File.ReadAllText(Path.Combine(folder, "tokenizer_config.json")), StringComparison.Ordinal);
        var image = TinyModel.Image(model.Config, 4, 4);
        var features = model.EncodeImages([image]);
        var pad = processor.Tokenizer.SpecialTokens["<|image_pad|>"];
        Assert.Equal(pad, model.Config.ImageTokenId);
        var hidden = model.Encode([
            new ModelInput([1, model.Config.VisionStartTokenId, pad, pad, pad, pad, model.Config.VisionEndTokenId, 5], features),
        ]);
        Assert.True(hidden.isfinite().all().item<bool>());
        // The final norm gives every state about the length of √width, whatever the form of its weight.
        Assert.InRange(hidden.to(ScalarType.Float32).norm().item<float>(), 15, 17);
    }

    [Fact]
    public void Other_families_are_refused()
    {
        var error = Assert.Throws<ArgumentException>(() =>
            RandomCheckpoint.Write(Path.Combine(_folder, "m"), ModelShape.Tiny with { Family = ModelFamily.Qwen2Vl }, 1, ScalarType.Float32)
        );
        Assert.Contains("Qwen2Vl are not written, expected Qwen25Vl or Qwen35", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "m")));
    }
}
