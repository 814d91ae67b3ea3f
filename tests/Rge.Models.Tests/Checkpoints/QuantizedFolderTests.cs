using System.Text.Json.Nodes;
using Rge.Models.Checkpoints;
using Rge.Models.Configuration;
using Rge.Models.Inputs;
using Rge.Tests.Shared;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Checkpoints;

/// <summary>Checkpoint folders with weights of few bits: our own, and those of AWQ and GPTQ.</summary>
public sealed class QuantizedFolderTests : IDisposable
{
    private const string UpProjection = "model.language_model.layers.1.mlp.up_proj";

    private static readonly ModelInput[] Prompt = [new([1, 2, 3, 4, 5])];

    private readonly string _folder = Directory.CreateTempSubdirectory("rge-few-bits-").FullName;
    private readonly DisposeScope _scope = NewDisposeScope();

    public enum Kind
    {
        Awq,
        Gptq,
        GptqV2,
        GptqShuffled,
    }

    public static MatrixTheoryData<ModelFamily, WeightFormat> Models =>
        new MatrixTheoryData<ModelFamily, WeightFormat>([ModelFamily.Qwen25Vl, ModelFamily.Qwen35], [WeightFormat.Int8, WeightFormat.Int4]);

    public static MatrixTheoryData<Kind, int, int?> Foreign =>
        new MatrixTheoryData<Kind, int, int?>(Enum.GetValues<Kind>(), [32, -1], [null, 8]);

    public void Dispose()
    {
        _scope.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory, MemberData(nameof(Models))]
    public void A_rounded_model_is_saved_and_loaded_as_it_is(ModelFamily family, WeightFormat format)
    {
        var copy = Rounded(family, format);
        using var model = QwenVlModel.Load(_folder, new QwenVlModelOptions { Weights = format });
        using var loaded = QwenVlModel.Load(copy);
        Assert.Equal(format, loaded.Weights);
        Assert.Equal(Contents(model), Contents(loaded));
        // Not to the bit: where a tensor lies in memory decides how torch adds up what stays dense.
        Assert.InRange(Distance(model.Encode(Prompt), loaded.Encode(Prompt)), 0, 1e-3);
    }

    [Fact]
    public void A_folder_of_few_bits_becomes_dense_or_of_other_bits_when_asked()
    {
        var copy = Rounded(ModelFamily.Qwen25Vl, WeightFormat.Int8);
        using var stored = QwenVlModel.Load(copy);
        using var dense = QwenVlModel.Load(copy, new QwenVlModelOptions { Weights = WeightFormat.Dense, Writable = true });
        using var int4 = QwenVlModel.Load(copy, new QwenVlModelOptions { Weights = WeightFormat.Int4 });
        Assert.Equal((WeightFormat.Dense, WeightFormat.Int4), (dense.Weights, int4.Weights));
        using var expected = stored.Linears[UpProjection].Weight.ToDense();
        Assert.Equal(expected.data<float>().ToArray(), dense.Parameters[UpProjection + ".weight"].data<float>().ToArray());
        Assert.InRange(Distance(expected, int4.Linears[UpProjection].Weight.ToDense()), 0.01, 0.15);

        var again = Path.Combine(_folder, "again");
        dense.Save(again);
        Assert.False(Json(again).ContainsKey("quantization_config"));
        using var reloaded = QwenVlModel.Load(again);
        Assert.Equal(WeightFormat.Dense, reloaded.Weights);
    }

    [Fact]
    public void Few_bits_are_refused_to_those_who_would_train_them_or_run_them_elsewhere()
    {
        var copy = Rounded(ModelFamily.Qwen2Vl, WeightFormat.Int4);
        Refused("train the checkpoint that they were made from", new QwenVlModelOptions { Writable = true });
        Refused("run on the CPU, not on meta", new QwenVlModelOptions { Device = new Device(DeviceType.META) });

        void Refused(string problem, QwenVlModelOptions options)
        {
            var error = Assert.Throws<CheckpointException>(() => QwenVlModel.Load(copy, options));
            Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        }
    }

    [Theory, InlineData("lora"), InlineData("dora")]
    public void An_adapter_is_applied_beside_stored_bits_and_merged_where_they_are_made_anew(string kind)
    {
        var family = Golden.Family("qwen2_5_vl");
        var (source, path) = (Golden.Require(family, "model"), Golden.Require(family, $"adapter_{kind}"));
        var copy = Path.Combine(_folder, "copy");
        using (var rounded = QwenVlModel.Load(source, new QwenVlModelOptions { Weights = WeightFormat.Int8 }))
            rounded.Save(copy);
        using var dense = QwenVlModel.Load(source, new QwenVlModelOptions { Adapter = path });
        using var without = QwenVlModel.Load(copy);
        using var beside = QwenVlModel.Load(copy, new QwenVlModelOptions { Adapter = path });
        using var merged = QwenVlModel.Load(copy, new QwenVlModelOptions { Adapter = path, Weights = WeightFormat.Int8 });
        var before = Distance(dense.Encode(Prompt), without.Encode(Prompt));
        Assert.InRange(Distance(dense.Encode(Prompt), beside.Encode(Prompt)), 0, before / 4);
        Assert.InRange(Distance(dense.Encode(Prompt), merged.Encode(Prompt)), 0, before / 4);
        var error = Assert.Throws<CheckpointException>(() => beside.Save(Path.Combine(_folder, "beside")));
        Assert.Contains("an adapter is applied", error.Message, StringComparison.Ordinal);
        merged.Save(Path.Combine(_folder, "merged"));
    }

    [Theory, MemberData(nameof(Foreign))]
    public void Folders_of_awq_and_gptq_mean_what_they_say(Kind kind, int groupSize, int? zero)
    {
        var packed = Write(kind, new PackedFolder(ModelFamily.Qwen25Vl, groupSize) { Zero = zero, IsShuffled = kind == Kind.GptqShuffled });
        Assert.NotEmpty(packed.Meant);
        using var expected = packed.Dense();
        using var model = QwenVlModel.Load(_folder);
        using var dense = QwenVlModel.Load(_folder, new QwenVlModelOptions { Weights = WeightFormat.Dense });
        Assert.Equal((WeightFormat.Int4, WeightFormat.Dense), (model.Weights, dense.Weights));
        foreach (var (name, weight) in packed.Meant)
        {
            using var few = model.Linears[name[..^".weight".Length]].Weight.ToDense();
            Assert.InRange(Distance(tensor(weight), few), 0, 1e-6);
            Assert.InRange(Distance(tensor(weight), dense.Parameters[name]), 0, 1e-6);
            Assert.Equal(zero is null, model.Parameters.ContainsKey(name + ".offset"));
            var isInGroups = groupSize > 0 && weight.GetLength(1) > groupSize;
            Assert.Equal(kind == Kind.GptqShuffled && isInGroups, model.Parameters.ContainsKey(name + ".order"));
        }
        Assert.InRange(Distance(expected.Encode(Prompt), dense.Encode(Prompt)), 0, 1e-4);
        Assert.InRange(Distance(expected.Encode(Prompt), model.Encode(Prompt)), 0, 0.05);

        // Saved in our own layout, it stays the same.
        var own = Path.Combine(_folder, "own");
        model.Save(own);
        using var saved = QwenVlModel.Load(own);
        Assert.Equal(Contents(model), Contents(saved));
    }

    [Theory]
    [InlineData(".qweight", "is Int64, expected Int32")]
    [InlineData(".scales", "has a number that is not finite")]
    [InlineData(".g_idx", "does not put 32 inputs into each of 2 groups")]
    [InlineData(".qzeros", "qzeros, expected with shape")]
    public void Tensors_that_make_no_sense_are_named(string suffix, string problem)
    {
        const string module = "model.language_model.layers.0.self_attn.o_proj";
        Write(
            Kind.Gptq,
            new PackedFolder(ModelFamily.Qwen25Vl, 32)
            {
                Change = (name, tensor) =>
                    name != module + suffix ? tensor
                    : suffix == ".qweight" ? tensor.to(ScalarType.Int64)
                    : suffix == ".scales" ? tensor * float.PositiveInfinity
                    : suffix == ".g_idx" ? tensor * 0
                    : null,
            }
        );
        var error = Assert.Throws<CheckpointException>(() => QwenVlModel.Load(_folder));
        Assert.Contains(module, error.Message, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".scale", "is Float64")]
    [InlineData(".order", "does not name each of 64 inputs once")]
    [InlineData(".offset", "has 3 groups of 64 inputs")]
    public void Tensors_of_our_own_layout_that_make_no_sense_are_named(string suffix, string problem)
    {
        const string name = "model.language_model.layers.0.self_attn.o_proj.weight";
        var copy = Rounded(ModelFamily.Qwen25Vl, WeightFormat.Int4);
        Dictionary<string, Tensor> tensors = [];
        using (var checkpoint = Checkpoint.Open(copy))
            foreach (var stored in checkpoint.Names)
                tensors.Add(stored, checkpoint.Read(stored));
        tensors[name + suffix] = suffix switch
        {
            ".scale" => tensors[name + suffix].to(ScalarType.Float64),
            ".order" => zeros(64, ScalarType.Int64),
            _ => zeros(tensors[name].size(0), 3),
        };
        Checkpoint.Save(copy, tensors);
        var error = Assert.Throws<CheckpointException>(() => QwenVlModel.Load(copy));
        Assert.Contains(name + suffix, error.Message, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    private PackedFolder Write(Kind kind, PackedFolder packed)
    {
        if (kind == Kind.Awq)
            packed.WriteAwq(_folder);
        else
            packed.WriteGptq(_folder, isSecondVersion: kind == Kind.GptqV2);
        return packed;
    }

    /// <summary>Writes a dense model into the folder, and one of few bits into a folder in it.</summary>
    private string Rounded(ModelFamily family, WeightFormat format)
    {
        using (var model = TinyModel.Create(family))
            model.Save(_folder);
        var copy = Path.Combine(_folder, "copy");
        using var rounded = QwenVlModel.Load(_folder, new QwenVlModelOptions { Weights = format });
        rounded.Save(copy);
        Assert.Equal("rge", (string?)Json(copy)["quantization_config"]!["quant_method"]);
        return copy;
    }

    private static SortedDictionary<string, byte[]> Contents(QwenVlModel model) =>
        new(model.Parameters.ToDictionary(pair => pair.Key, pair => pair.Value.contiguous().bytes.ToArray()), StringComparer.Ordinal);

    private static JsonObject Json(string folder) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(folder, QwenVlConfig.FileName)))!.AsObject();

    /// <summary>Relative to the length of what is expected.</summary>
    private static double Distance(Tensor expected, Tensor actual) => ((actual - expected).norm() / expected.norm()).item<float>();
}
