using Rge.Models.Checkpoints;
using Rge.Models.Configuration;
using Rge.Models.Inputs;
using Rge.Models.Layers;
using Rge.Tests.Shared;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

/// <summary>Models whose weights are rounded to few bits while they load.</summary>
public sealed class QuantizedModelTests : IDisposable
{
    // Attention differs in the last bits, which now and then tips an input of a linear layer to the next of its 255 steps.
    private const double OneStep = 0.01;

    private readonly string _folder = Directory.CreateTempSubdirectory("rge-quantized-").FullName;
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<ModelFamily, WeightFormat> Cases
    {
        get
        {
            var cases = new TheoryData<ModelFamily, WeightFormat>();
            foreach (var family in Enum.GetValues<ModelFamily>())
            {
                cases.Add(family, WeightFormat.Int8);
                cases.Add(family, WeightFormat.Int4);
            }
            return cases;
        }
    }

    public void Dispose()
    {
        _scope.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory, MemberData(nameof(Cases))]
    public void The_linear_layers_of_blocks_are_rounded_and_nothing_else(ModelFamily family, WeightFormat format)
    {
        using var model = Load(family, format);
        Assert.Equal(format, model.Weights);
        Assert.Empty(model.Trainable);
        foreach (var (name, linear) in model.Linears)
        {
            var isOfBlock = name.Contains(".layers.", StringComparison.Ordinal) || name.Contains(".blocks.", StringComparison.Ordinal);
            var isRate = name.EndsWith("in_proj_a", StringComparison.Ordinal) || name.EndsWith("in_proj_b", StringComparison.Ordinal);
            Assert.Equal(isOfBlock && !isRate, linear.Weight is QuantizedWeight);
        }
        Assert.Equal(ScalarType.Float32, model.Parameters[ParameterLayout.TokenEmbedding].dtype);
        Assert.All(model.Parameters.Where(parameter => !parameter.Value.is_floating_point()), parameter =>
            Assert.Contains(parameter.Key + ".scale", model.Parameters)
        );
    }

    [Theory, MemberData(nameof(Cases))]
    public void It_gives_what_a_dense_model_of_the_rounded_weights_gives(ModelFamily family, WeightFormat format)
    {
        using var model = Load(family, format);
        var dense = ParameterLayout
            .Create(model.Config)
            .Keys.Where(model.Parameters.ContainsKey)
            .ToDictionary(name => name, name => Number(model, name).DetachFromDisposeScope());
        using var expected = new QwenVlModel(model.Config, dense);
        Assert.Equal(WeightFormat.Dense, expected.Weights);
        using ImageCase image = new(expected),
            rounded = new(model);
        Assert.InRange(Distance(image.Features.Merged, rounded.Features.Merged), 0, 0.05);
        // The norm inside a gated delta net divides by small outputs, and so makes more of what rounding the inputs changes.
        Assert.InRange(Distance(expected.Encode([image.Input]), model.Encode([image.Input])), 0, family == ModelFamily.Qwen35 ? 0.1 : 0.05);
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_sequence_gets_what_it_gets_alone_and_a_step_continues_a_prefill(ModelFamily family, WeightFormat format)
    {
        using var model = Load(family, format);
        using var image = new ImageCase(model);
        ModelInput other = new([7, 8, 9, 10, 11, 12]);
        var together = model.Encode([other, image.Input, new ModelInput([3])]);
        Assert.InRange(Distance(model.Encode([image.Input])[0], together[1]), 0, OneStep);
        Assert.InRange(Distance(model.Encode([other])[0], together[0]), 0, OneStep);
        using var state = model.CreateState(2, 8);
        model.Prefill([new ModelInput([7, 8, 9, 10, 11]), new ModelInput([1])], state, [0, 1]);
        Assert.InRange(Distance(together[0], model.Step([12, 2], state, [0, 1])[0]), 0, OneStep);
    }

    [Theory, InlineData(WeightFormat.Int8), InlineData(WeightFormat.Int4)]
    public void Bfloat16_weights_are_rounded_as_they_are_stored(WeightFormat format)
    {
        using (var model = TinyModel.Create(ModelFamily.Qwen25Vl))
            model.Save(_folder);
        using var wide = QwenVlModel.Load(_folder, new QwenVlModelOptions { DType = ScalarType.BFloat16 });
        Directory.CreateDirectory(Path.Combine(_folder, "half"));
        wide.Save(Path.Combine(_folder, "half"));
        using var half = QwenVlModel.Load(Path.Combine(_folder, "half"), new QwenVlModelOptions { Weights = format });
        Assert.Equal(ScalarType.BFloat16, half.DType);
        const string name = "model.language_model.layers.1.mlp.up_proj.weight";
        var (values, scales, _, _) = QuantizedWeight.Round(wide.Parameters[name].to(ScalarType.Float32), format);
        Assert.Equal(values.bytes.ToArray(), half.Parameters[name].bytes.ToArray());
        Assert.Equal(scales.bytes.ToArray(), half.Parameters[name + ".scale"].bytes.ToArray());
        var hidden = half.Encode([new ModelInput([1, 2, 3])]);
        Assert.Equal(ScalarType.BFloat16, hidden.dtype);
    }

    [Theory, InlineData("lora"), InlineData("dora")]
    public void An_adapter_is_merged_before_rounding_or_attached_beside(string kind)
    {
        var family = Golden.Family("qwen2_5_vl");
        var (folder, path) = (Golden.Require(family, "model"), Golden.Require(family, $"adapter_{kind}"));
        ModelInput[] inputs = [new([1, 2, 3, 4])];
        using var dense = QwenVlModel.Load(folder, new QwenVlModelOptions { Adapter = path });
        using var merged = QwenVlModel.Load(folder, new QwenVlModelOptions { Adapter = path, Weights = WeightFormat.Int8 });
        using var attached = QwenVlModel.Load(folder, new QwenVlModelOptions { Weights = WeightFormat.Int8 });
        using var adapter = PeftAdapter.Load(path);
        var before = Distance(dense.Encode(inputs), attached.Encode(inputs));
        attached.Attach(adapter);
        Assert.InRange(Distance(dense.Encode(inputs), merged.Encode(inputs)), 0, before / 4);
        Assert.InRange(Distance(dense.Encode(inputs), attached.Encode(inputs)), 0, before / 4);
    }

    [Fact]
    public void Training_is_refused()
    {
        using var model = Load(ModelFamily.Qwen2Vl, WeightFormat.Int8);
        Assert.Throws<ArgumentException>(() =>
            QwenVlModel.Load(_folder, new QwenVlModelOptions { Weights = WeightFormat.Int8, Writable = true })
        );
    }

    [Fact]
    public void A_weight_that_is_not_finite_is_named()
    {
        const string name = "model.visual.blocks.1.attn.qkv.weight";
        using (var model = TinyModel.Create(ModelFamily.Qwen3Vl))
        {
            model.Parameters[name][3, 5] = tensor(float.NaN);
            model.Save(_folder);
        }
        var error = Assert.Throws<CheckpointException>(() =>
            QwenVlModel.Load(_folder, new QwenVlModelOptions { Weights = WeightFormat.Int4 })
        );
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    private QwenVlModel Load(ModelFamily family, WeightFormat format)
    {
        using (var model = TinyModel.Create(family))
            model.Save(_folder);
        return QwenVlModel.Load(_folder, new QwenVlModelOptions { Weights = format });
    }

    private static Tensor Number(QwenVlModel model, string name) =>
        model.Linears.Values.FirstOrDefault(linear => linear.Name + ".weight" == name)?.Weight.ToDense() ?? model.Parameters[name].clone();

    /// <summary>Relative to the length of what is expected.</summary>
    private static double Distance(Tensor expected, Tensor actual) =>
        ((actual.to(ScalarType.Float32) - expected.to(ScalarType.Float32)).norm() / expected.to(ScalarType.Float32).norm()).item<float>();

    /// <summary>A prompt with an image, and the image's features.</summary>
    private sealed class ImageCase(QwenVlModel model) : IDisposable
    {
        public VisionFeatures Features { get; } = model.EncodeImages([TinyModel.Image(model.Config, 4, 4)])[0];

        public ModelInput Input => new([1, 88, .. Enumerable.Repeat(TinyModel.ImageToken, 4), 89, 5, 6], [Features]);

        public void Dispose() => Features.Dispose();
    }
}
