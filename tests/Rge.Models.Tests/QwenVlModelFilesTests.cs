using Rge.Models.Checkpoints;
using Rge.Models.Inputs;
using Rge.Tests.Shared;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

public sealed class QwenVlModelFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-model-").FullName;

    public static TheoryData<ModelFamily> Families => [.. Enum.GetValues<ModelFamily>()];

    [Theory, MemberData(nameof(Families))]
    public void A_saved_model_loads_again_and_gives_the_same(ModelFamily family)
    {
        using var model = TinyModel.Create(family);
        model.Save(_folder);
        using var loaded = QwenVlModel.Load(_folder);
        using Tensor expected = model.Encode([new ModelInput([1, 2, 3])]),
            actual = loaded.Encode([new ModelInput([1, 2, 3])]);
        Assert.All(model.Parameters, p => Assert.Equal(p.Value.data<float>().ToArray(), loaded.Parameters[p.Key].data<float>().ToArray()));
        // Not to the last bit: where a weight lies in memory decides how its sums are split.
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, 1e-5f);
        using var checkpoint = Checkpoint.Open(_folder);
        Assert.Equal(family is ModelFamily.Qwen3Vl or ModelFamily.Qwen35 ? WeightNaming.New : WeightNaming.Old, checkpoint.Naming);
    }

    [Fact]
    public void Another_number_type_is_converted_while_loading()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen25Vl);
        model.Save(_folder);
        using var half = QwenVlModel.Load(_folder, new QwenVlModelOptions { DType = ScalarType.BFloat16 });
        Assert.All(half.Parameters.Values, p => Assert.Equal(ScalarType.BFloat16, p.dtype));
        using Tensor expected = model.Encode([new ModelInput([1, 2, 3])]),
            actual = half.Encode([new ModelInput([1, 2, 3])]).to(ScalarType.Float32);
        using var cosine = nn.functional.cosine_similarity(expected, actual);
        Assert.True(cosine.item<float>() > 0.998, $"cosine {cosine.item<float>()}");
    }

    [Theory, InlineData("lora"), InlineData("dora")]
    public void A_merged_adapter_equals_an_attached_one_and_changes_the_result(string kind)
    {
        var family = Golden.Family("qwen2_5_vl");
        var (folder, path) = (Golden.Require(family, "model"), Golden.Require(family, $"adapter_{kind}"));
        ModelInput[] inputs = [new([1, 2, 3, 4])];
        using var plain = QwenVlModel.Load(folder);
        using var merged = QwenVlModel.Load(folder, new QwenVlModelOptions { Adapter = path });
        using Tensor before = plain.Encode(inputs),
            withMerged = merged.Encode(inputs);
        using (var adapter = PeftAdapter.Load(path, plain.DType))
        {
            plain.Attach(adapter);
            using var withAttached = plain.Encode(inputs);
            Assert.InRange((withMerged - withAttached).abs().max().item<float>(), 0, 1e-4f);
            Assert.True((before - withAttached).abs().max().item<float>() > 1e-2f);
        }
    }

    [Theory, InlineData("lora"), InlineData("dora")]
    public void A_float32_adapter_goes_with_bfloat16_weights(string kind)
    {
        var family = Golden.Family("qwen2_5_vl");
        var (folder, path) = (Golden.Require(family, "model"), Golden.Require(family, $"adapter_{kind}"));
        ModelInput[] inputs = [new([1, 2, 3, 4])];
        using var model = QwenVlModel.Load(folder, new QwenVlModelOptions { DType = ScalarType.BFloat16 });
        using var merged = QwenVlModel.Load(folder, new QwenVlModelOptions { Adapter = path });
        using var adapter = PeftAdapter.Load(path);
        model.Attach(adapter);
        using Tensor expected = merged.Encode(inputs),
            actual = model.Encode(inputs);
        Assert.Equal(ScalarType.BFloat16, actual.dtype);
        using var cosine = nn.functional.cosine_similarity(expected, actual.to(ScalarType.Float32));
        Assert.True(cosine.item<float>() > 0.998, $"cosine {cosine.item<float>()}");
    }

    [Fact]
    public void What_decides_on_decay_stays_in_float32_in_a_bfloat16_checkpoint()
    {
        const string decay = "model.language_model.layers.0.linear_attn.A_log";
        using (var model = TinyModel.Create(ModelFamily.Qwen35))
            model.Save(_folder);
        using (var half = QwenVlModel.Load(_folder, new QwenVlModelOptions { DType = ScalarType.BFloat16 }))
        {
            Assert.Equal(4, half.Parameters.Values.Count(parameter => parameter.dtype == ScalarType.Float32));
            Assert.Equal((ScalarType.Float32, ScalarType.BFloat16), (half.Parameters[decay].dtype, half.DType));
            half.Save(_folder);
        }
        using var checkpoint = Checkpoint.Open(_folder);
        Assert.Equal(ScalarType.Float32, checkpoint.DType(decay));
        Assert.Equal(ScalarType.BFloat16, checkpoint.DType("model.language_model.layers.0.linear_attn.conv1d.weight"));
        using QwenVlModel loaded = QwenVlModel.Load(_folder),
            whole = TinyModel.Create(ModelFamily.Qwen35);
        Assert.Equal(whole.Parameters[decay].data<float>().ToArray(), loaded.Parameters[decay].data<float>().ToArray());
        using Tensor expected = whole.Encode([new ModelInput([1, 2, 3])]),
            actual = loaded.Encode([new ModelInput([1, 2, 3])]).to(ScalarType.Float32);
        using var cosine = nn.functional.cosine_similarity(expected, actual);
        Assert.True(cosine.item<float>() > 0.998, $"cosine {cosine.item<float>()}");
    }

    [Fact]
    public void Heads_that_predict_further_tokens_are_left_unread()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModel.Create(ModelFamily.Qwen35);
        model.Save(_folder);
        var tensors = new Dictionary<string, Tensor>(model.Parameters, StringComparer.Ordinal)
        {
            ["mtp.norm.weight"] = ones(32),
            ["mtp.layers.0.mlp.up_proj.weight"] = ones(48, 32),
        };
        Checkpoint.Save(_folder, tensors);
        using (var loaded = QwenVlModel.Load(_folder))
            Assert.Equal(model.Parameters.Keys, loaded.Parameters.Keys);
        tensors["ntp.norm.weight"] = ones(32);
        Checkpoint.Save(_folder, tensors);
        Assert.Contains(
            "ntp.norm.weight",
            Assert.Throws<CheckpointException>(() => QwenVlModel.Load(_folder)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_tensor_of_another_shape_is_named_with_its_file()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen25Vl);
        model.Save(_folder);
        var config = Path.Combine(_folder, QwenVlConfig.FileName);
        File.WriteAllText(
            config,
            File.ReadAllText(config).Replace("\"intermediate_size\": 48", "\"intermediate_size\": 56", StringComparison.Ordinal)
        );
        var error = Assert.Throws<CheckpointException>(() => QwenVlModel.Load(_folder));
        Assert.Contains("model.safetensors", error.Message, StringComparison.Ordinal);
        Assert.Contains("expected [56, 32]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Closing_a_model_frees_its_native_memory()
    {
        using (var model = TinyModel.Create(ModelFamily.Qwen2Vl))
            model.Save(_folder);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        QwenVlModel.Load(_folder, new QwenVlModelOptions { DType = ScalarType.BFloat16 }).Dispose();
        QwenVlModel.Load(_folder).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
