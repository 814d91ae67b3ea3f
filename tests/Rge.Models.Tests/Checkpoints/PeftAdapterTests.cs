using System.Text.Json.Nodes;
using Rge.Files;
using Rge.Models.Checkpoints;
using Rge.Models.Inputs;
using Rge.Models.Layers;
using Rge.Tests.Shared;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Checkpoints;

public sealed class PeftAdapterTests : IDisposable
{
    private const string Old = "base_model.model.model.layers.0.mlp.up_proj.",
        Module = "model.language_model.layers.0.mlp.up_proj";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string> Adapters()
    {
        var data = new TheoryData<string, string>();
        foreach (var family in Golden.Families())
        foreach (var kind in new[] { "lora", "dora" })
            data.Add(family, kind);
        return data;
    }

    [Theory]
    [MemberData(nameof(Adapters))]
    public void A_model_with_the_references_adapter_merged_gives_its_embedding(string family, string kind)
    {
        using var scope = NewDisposeScope();
        var folder = Golden.Require(family, "model");
        var config = QwenVlConfig.Load(folder);
        using var adapter = PeftAdapter.Load(Golden.Require(family, $"adapter_{kind}"));
        adapter.Require(ParameterLayout.Create(config));
        Assert.Equal(kind == "dora", adapter.Config.Dora);
        using var checkpoint = Checkpoint.Open(folder);
        var parameters = checkpoint.Names.ToDictionary(
            name => name,
            name =>
                name.EndsWith(".weight", StringComparison.Ordinal) && adapter.Modules.TryGetValue(name[..^7], out var weights)
                    ? weights.Merge(checkpoint.Map(name))
                    : checkpoint.Map(name),
            StringComparer.Ordinal
        );
        using var model = new QwenVlModel(config, parameters);

        var cases = JsonNode.Parse(File.ReadAllText(Golden.Require(family, "cases.json")))!;
        Assert.SkipWhen(cases["targets"]![0]!["image"] is not null, "the first target has an image");
        var ids = cases["targets"]![0]!["input_ids"]!.AsArray().Select(id => id!.GetValue<int>()).ToArray();
        var expected = tensor(cases[$"adapter_{kind}"]!["target0_embedding"]!.AsArray().Select(v => v!.GetValue<float>()).ToArray());
        var embedding = nn.functional.normalize(model.Encode([new ModelInput(ids)]), dim: 1)[0];
        Assert.True((embedding - expected).abs().max().item<float>() < 1e-4);
        Assert.True(1 - embedding.dot(expected).item<float>() < 1e-5);
    }

    [Theory]
    [MemberData(nameof(Adapters))]
    public void Saving_a_reference_adapter_gives_its_files_again(string family, string kind)
    {
        var source = Golden.Require(family, $"adapter_{kind}");
        using (var adapter = PeftAdapter.Load(source))
            adapter.Save(_folder.Path);

        using var scope = NewDisposeScope();
        using var expected = SafetensorsFile.Open(Path.Combine(source, PeftAdapter.WeightsFile));
        using var saved = SafetensorsFile.Open(_folder.File(PeftAdapter.WeightsFile));
        Assert.Equal(expected.Names, saved.Names);
        Assert.All(expected.Names, name => Assert.Equal(expected.Map(name).bytes.ToArray(), saved.Map(name).bytes.ToArray()));
        JsonNode before = JsonFile.ReadObject(Path.Combine(source, PeftAdapter.ConfigFile)),
            after = JsonFile.ReadObject(_folder.File(PeftAdapter.ConfigFile));
        Assert.All(before.AsObject(), field => Assert.True(JsonNode.DeepEquals(field.Value, after[field.Key]), field.Key));
    }

    [Fact]
    public void Scales_by_module_and_names_of_every_form()
    {
        using var scope = NewDisposeScope();
        Write(
            """{"peft_type":"LORA","r":4,"lora_alpha":8,"use_rslora":true,"rank_pattern":{"layers.1.mlp.up_proj":2,"""
                + """ "visual.*qkv":1},"alpha_pattern":{"^model.layers.0.*":6}}""",
            [
                new(Old + "lora_A.default.weight", ones(4, 3)),
                new(Old + "lora_B.default.weight", ones(5, 4)),
                new("base_model.model.model.language_model.layers.1.mlp.up_proj.lora_A.weight", ones(2, 3)),
                new("base_model.model.model.language_model.layers.1.mlp.up_proj.lora_B.weight", ones(5, 2)),
                new("base_model.model.visual.blocks.0.attn.qkv.lora_A.weight", ones(1, 3)),
                new("base_model.model.visual.blocks.0.attn.qkv.lora_B.weight", ones(5, 1)),
                new("base_model.model.lm_head.modules_to_save.default.weight", ones(7, 3)),
                new("base_model.model.model.embed_tokens.weight", ones(7, 3)),
            ]
        );
        using var adapter = PeftAdapter.Load(_folder.Path, ScalarType.Float64);
        Assert.Equal(WeightNaming.Old, adapter.Naming);
        Assert.Equal(6 / Math.Sqrt(4), adapter.Modules[Module].Scale, 12);
        Assert.Equal(8 / Math.Sqrt(2), adapter.Modules["model.language_model.layers.1.mlp.up_proj"].Scale, 12);
        Assert.Equal(8, adapter.Modules["model.visual.blocks.0.attn.qkv"].Scale, 12);
        Assert.Equal(ScalarType.Float64, adapter.Modules[Module].A.dtype);
        Assert.Equal(
            ["lm_head.weight", "model.language_model.embed_tokens.weight"],
            adapter.FullParameters.Keys.Order(StringComparer.Ordinal).ToArray()
        );

        var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal)
        {
            [Module + ".weight"] = [5, 3],
            ["model.language_model.layers.1.mlp.up_proj.weight"] = [5, 3],
            ["model.visual.blocks.0.attn.qkv.weight"] = [5, 3],
            ["lm_head.weight"] = [7, 3],
            [ParameterLayout.TokenEmbedding] = [7, 3],
        };
        adapter.Require(shapes);
        shapes[Module + ".weight"] = [5, 4];
        Assert.Contains(
            "as [5, 3], the model has [5, 4]",
            Assert.Throws<CheckpointException>(() => adapter.Require(shapes)).Message,
            StringComparison.Ordinal
        );
        shapes.Remove(Module + ".weight");
        Assert.Contains(
            "does not have",
            Assert.Throws<CheckpointException>(() => adapter.Require(shapes)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_saved_adapter_is_the_same_when_loaded()
    {
        using var scope = NewDisposeScope();
        var config = new AdapterConfig
        {
            Rank = 4,
            Alpha = 6.5,
            Dora = true,
            Dropout = 0.25,
            RankStabilized = true,
            RankPattern = new Dictionary<string, double>(StringComparer.Ordinal) { ["o_proj"] = 2 },
            AlphaPattern = new Dictionary<string, double>(StringComparer.Ordinal) { ["o_proj"] = 3 },
            TargetPattern = ".*_proj",
            ModulesToSave = ["lm_head"],
            BaseModel = "a/b",
            TaskType = "CAUSAL_LM",
        };
        var modules = new Dictionary<string, LowRankWeights>(StringComparer.Ordinal)
        {
            [Module] = new(rand(4, 3), rand(5, 4), 6.5 / 2, rand(5)),
            ["model.language_model.layers.0.self_attn.o_proj"] = new(rand(2, 3), rand(5, 2), 3 / Math.Sqrt(2), rand(5)),
        };
        using var adapter = new PeftAdapter(
            config,
            modules,
            new Dictionary<string, Tensor>(StringComparer.Ordinal) { ["lm_head.weight"] = rand(2, 2) },
            WeightNaming.Old
        );
        adapter.Save(_folder.File("new"));
        using var loaded = PeftAdapter.Load(_folder.File("new"));
        loaded.Save(_folder.File("again"));
        foreach (var name in new[] { PeftAdapter.ConfigFile, PeftAdapter.WeightsFile })
            Assert.Equal(File.ReadAllBytes(_folder.File("new/" + name)), File.ReadAllBytes(_folder.File("again/" + name)));
        Assert.Equal(WeightNaming.Old, loaded.Naming);
        Assert.Equal(config.Alpha, loaded.Config.Alpha);
        Assert.Equal(config.TargetPattern, loaded.Config.TargetPattern);
        foreach (var (module, weights) in modules)
        {
            Assert.Equal(weights.Scale, loaded.Modules[module].Scale, 12);
            Assert.Equal(weights.Magnitude!.bytes.ToArray(), loaded.Modules[module].Magnitude!.bytes.ToArray());
        }
    }

    [Fact]
    public void Targets_are_listed_when_the_configuration_names_none()
    {
        using var scope = NewDisposeScope();
        var config = new AdapterConfig { Rank = 1, Alpha = 1 };
        using var adapter = new PeftAdapter(
            config,
            new Dictionary<string, LowRankWeights>(StringComparer.Ordinal) { [Module] = new(rand(1, 3), rand(5, 1), 1) },
            naming: WeightNaming.Old
        );
        adapter.Save(_folder.Path);
        Assert.Equal(
            "model.layers.0.mlp.up_proj",
            JsonFile.ReadObject(_folder.File(PeftAdapter.ConfigFile))["target_modules"]![0]!.GetValue<string>()
        );
    }

    [Fact]
    public void Weights_that_the_configuration_does_not_describe_are_refused()
    {
        using var scope = NewDisposeScope();
        var config = new AdapterConfig { Rank = 2, Alpha = 4 };
        foreach (
            var weights in new[]
            {
                new LowRankWeights(rand(1, 3), rand(5, 1), 2),
                new(rand(2, 3), rand(5, 2), 1),
                new(rand(2, 3), rand(5, 2), 2, rand(5)),
            }
        )
            Assert.Throws<ArgumentException>(() =>
                new PeftAdapter(config, new Dictionary<string, LowRankWeights>(StringComparer.Ordinal) { [Module] = weights })
            );
        Assert.Throws<ArgumentException>(() =>
            new PeftAdapter(
                config with
                {
                    AlphaPattern = new Dictionary<string, double>(StringComparer.Ordinal) { ["("] = 1 },
                },
                new Dictionary<string, LowRankWeights>(StringComparer.Ordinal)
            )
        );
    }

    [Theory]
    [InlineData("""{"peft_type":"IA3","r":1,"lora_alpha":1}""", "peft_type is IA3, expected LORA")]
    [InlineData("""{"r":1,"lora_alpha":1}""", "peft_type is missing")]
    [InlineData("""{"peft_type":"LORA","lora_alpha":1}""", "r is missing")]
    [InlineData("""{"peft_type":"LORA","r":0,"lora_alpha":1}""", "r is 0")]
    [InlineData("""{"peft_type":"LORA","r":1,"lora_alpha":1,"bias":"all"}""", "bias is all, expected none")]
    [InlineData("""{"peft_type":"LORA","r":1,"lora_alpha":1,"lora_bias":true}""", "lora_bias is set")]
    [InlineData("""{"peft_type":"LORA","r":1,"lora_alpha":1,"layer_replication":[[0,2]]}""", "layer_replication is set")]
    [InlineData("""{"peft_type":"LORA","r":1,"lora_alpha":1,"init_lora_weights":"pissa"}""", "init_lora_weights is pissa")]
    [InlineData("""{"peft_type":"LORA","r":1,"lora_alpha":1,"modules_to_save":"lm_head"}""", "modules_to_save is not a list")]
    [InlineData("""{"peft_type":"LORA","r":1,"lora_alpha":1,"rank_pattern":{"x":null}}""", "rank_pattern.x is missing")]
    [InlineData("""{"peft_type":"LORA","r":1,"lora_alpha":1,"rank_pattern":{"(":2}}""", "pattern ( cannot be used")]
    [InlineData("""{"peft_type":"LORA","r":1,"lora_alpha":1,"rank_pattern":{"(a)\\1":2}}""", "cannot be used")]
    [InlineData("""{"peft_type":"LORA","r":2,"lora_alpha":1}""", "lora_A.weight has shape [1, 3], expected [2, in]")]
    [InlineData("""{"peft_type":"LORA","r":1,"lora_alpha":1,"use_dora":true}""", "has no lora_magnitude_vector")]
    public void Configurations_of_other_adapters_are_refused(string config, string expected)
    {
        using var scope = NewDisposeScope();
        AssertRefused(config, [new(Old + "lora_A.weight", ones(1, 3)), new(Old + "lora_B.weight", ones(5, 1))], expected);
    }

    [Fact]
    public void Tensors_of_other_adapters_are_refused()
    {
        using var scope = NewDisposeScope();
        Tensor a = ones(2, 3),
            b = ones(5, 2);
        Refuse("has no lora_B.weight", (Old + "lora_A.weight", a));
        Refuse("has no lora_A.weight", (Old + "lora_B.weight", b));
        Refuse("expected [out, 2]", (Old + "lora_A.weight", a), (Old + "lora_B.weight", ones(5, 3)));
        Refuse("expected [2, in]", (Old + "lora_A.weight", ones(2, 3, 1, 1)), (Old + "lora_B.weight", b));
        Refuse("expected floating point", (Old + "lora_A.weight", a.to(ScalarType.Int32)), (Old + "lora_B.weight", b));
        Refuse("use_dora is false", (Old + "lora_A.weight", a), (Old + "lora_B.weight", b), (Old + "lora_magnitude_vector", ones(5)));
        Refuse("of a kind that is not supported", (Old + "lora_embedding_A", a));
        Refuse("of a kind that is not supported", (Old + "lora_B.bias", a));
        Refuse("neither a part of LoRA", (Old + "ia3_l", a));
        Refuse("neither a part of LoRA", ("optimizer.state", a));
        Refuse("LoRA on the token embedding", (Old + "lora_embedding_A", a));
        Refuse("an adapter called other, beside one called first", (Old + "lora_A.first.weight", a), (Old + "lora_B.other.weight", b));
        Refuse("occurs twice", (Old + "lora_A.weight", a), (Old + "lora_A.default.weight", a));

        void Refuse(string expected, params (string Name, Tensor Tensor)[] tensors) =>
            AssertRefused(
                """{"peft_type":"LORA","r":2,"lora_alpha":1}""",
                tensors.Select(t => KeyValuePair.Create(t.Name, t.Tensor)),
                expected
            );
    }

    [Fact]
    public void A_folder_without_an_adapter_is_refused() =>
        Assert.Contains(
            PeftAdapter.ConfigFile,
            Assert.Throws<CheckpointException>(() => PeftAdapter.Load(_folder.Path)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_folder_with_named_adapters_below_names_them()
    {
        Directory.CreateDirectory(_folder.File("second"));
        File.WriteAllText(_folder.File("second/" + PeftAdapter.ConfigFile), "{}");
        Assert.Contains(
            _folder.File("second"),
            Assert.Throws<CheckpointException>(() => PeftAdapter.Load(_folder.Path)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void An_adapter_in_pickle_is_named()
    {
        File.WriteAllText(_folder.File(PeftAdapter.ConfigFile), """{"peft_type":"LORA","r":1,"lora_alpha":1}""");
        File.WriteAllText(_folder.File("adapter_model.bin"), "x");
        Assert.Contains(
            "pickle",
            Assert.Throws<CheckpointException>(() => PeftAdapter.Load(_folder.Path)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("base_model.model.model.layers.0.mlp.up_proj", "")] // released names
    [InlineData("base_model.model.model.language_model.layers.0.mlp.up_proj", "")] // newer names
    [InlineData("base_model.model.language_model.layers.0.mlp.up_proj", "")] // AutoModel
    [InlineData("base_model.model.model.layers.0.mlp.up_proj", ".retrieval")] // a name of its own
    [InlineData("model.layers.0.mlp.up_proj", "")] // without PEFT's prefix
    [InlineData("language_model.layers.0.mlp.up_proj", ".default")]
    [InlineData("layers.0.mlp.up_proj", "")] // the decoder alone
    public void A_module_is_found_under_each_of_its_names(string module, string adapterName)
    {
        using var scope = NewDisposeScope();
        Write(
            """{"peft_type":"LORA","r":2,"lora_alpha":2,"use_dora":true}""",
            [
                new($"{module}.lora_A{adapterName}.weight", ones(2, 3)),
                new($"{module}.lora_B{adapterName}.weight", ones(5, 2)),
                new($"{module}.lora_magnitude_vector{adapterName}", ones(5)),
            ]
        );
        using var adapter = PeftAdapter.Load(_folder.Path);
        Assert.Equal([Module], adapter.Modules.Keys);
        Assert.NotNull(adapter.Modules[Module].Magnitude);
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using var scope = NewDisposeScope();
        Write(
            """{"peft_type":"LORA","r":1,"lora_alpha":1}""",
            [new(Old + "lora_A.weight", ones(1, 3)), new(Old + "lora_B.weight", ones(5, 1))]
        );
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        PeftAdapter.Load(_folder.Path).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private void Write(string config, IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        File.WriteAllText(_folder.File(PeftAdapter.ConfigFile), config);
        SafetensorsWriter.Write(_folder.File(PeftAdapter.WeightsFile), tensors);
    }

    private void AssertRefused(string config, IEnumerable<KeyValuePair<string, Tensor>> tensors, string expected)
    {
        Write(config, tensors);
        var message = Assert.Throws<CheckpointException>(() => PeftAdapter.Load(_folder.Path)).Message;
        Assert.Contains(_folder.Path, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }
}
