using Rge.Models;
using Rge.Models.Configuration;
using static TorchSharp.torch;

namespace Rge.Search.Tests;

public sealed class ModelFingerprintTests(ShapeWorldModel model) : IClassFixture<ShapeWorldModel>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-fingerprint-").FullName;

    [Fact]
    public void The_same_checkpoint_has_the_same_fingerprint_every_time()
    {
        var expected = ModelFingerprint.Compute(model.Embedder);
        Assert.Matches("^[0-9a-f]{16}$", expected);
        Assert.Same(expected, ModelFingerprint.Compute(model.Embedder));
        Assert.Equal(expected, Load());
        // Saved anew under another name, by us.
        using (var loaded = QwenVlModel.Load(Copy()))
            loaded.Save(_folder);
        Assert.Equal(expected, Load(_folder));
    }

    [Fact]
    public void Another_checkpoint_number_type_or_row_of_emb_has_another()
    {
        var expected = ModelFingerprint.Compute(model.Embedder);
        Assert.NotEqual(expected, Load(Path.Combine(ShapeWorldModel.Root, "models", "shapeworld-baseline")));
        using (var writable = QwenVlModel.Load(Copy(), new QwenVlModelOptions { Writable = true }))
        {
            using var noGradient = no_grad();
            using var row = writable.Parameters[ParameterLayout.TokenEmbedding].narrow(0, model.Embedder.EmbTokenId, 1).narrow(1, 77, 1);
            row.fill_(3.5f);
            writable.Save(_folder);
        }
        Assert.NotEqual(expected, Load(_folder));
    }

    [Fact]
    public void So_have_weights_of_few_bits()
    {
        var dense = ModelFingerprint.Compute(model.Embedder);
        var found = new[] { WeightFormat.Int8, WeightFormat.Int4 }.Select(format =>
        {
            var options = new ReasoningEmbedderOptions { Model = new QwenVlModelOptions { Weights = format } };
            using var embedder = ReasoningEmbedder.Load(Path.Combine(ShapeWorldModel.Root, "models", "shapeworld"), options);
            return ModelFingerprint.Compute(embedder);
        });
        Assert.Equal(3, found.Append(dense).Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData("preprocessor_config.json", "\"max_pixels\": ", "\"max_pixels\": 1")]
    [InlineData("chat_template.jinja", "assistant", "Assistant")]
    public void So_has_another_processor_or_template(string file, string old, string changed)
    {
        var path = Path.Combine(Copy(), file);
        var text = File.ReadAllText(path);
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(old, changed, StringComparison.Ordinal));
        Assert.NotEqual(ModelFingerprint.Compute(model.Embedder), Load(_folder));
    }

    [Fact]
    public void So_has_another_preset_but_that_of_reasoning_guided_embedding_has_the_models_own()
    {
        var own = ModelFingerprint.Compute(model.Embedder);
        Assert.Equal(own, Load(preset: ModelPreset.Rge));
        // As it was before there were presets: indexes that were made then are searched on.
        Assert.Equal("b3eb256678255dab", own);
        var changed = ModelPreset.Rge with { Normalize = false };
        Assert.NotEqual(own, Load(preset: changed));
        Assert.Equal(Load(preset: changed), Load(preset: changed with { Name = "other" }));
    }

    private static string Load(string? folder = null, ModelPreset? preset = null)
    {
        using var embedder = ReasoningEmbedder.Load(
            folder ?? Path.Combine(ShapeWorldModel.Root, "models", "shapeworld"),
            new ReasoningEmbedderOptions { Preset = preset }
        );
        return ModelFingerprint.Compute(embedder);
    }

    private string Copy()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(ShapeWorldModel.Root, "models", "shapeworld")))
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)), overwrite: true);
        return _folder;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
