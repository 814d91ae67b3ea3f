using System.Text.Json.Nodes;
using Rge.Models.Checkpoints;
using Rge.Models.Inputs;
using Rge.Tests.Shared;
using static TorchSharp.torch;

namespace Rge.Models.Tests.Checkpoints;

/// <summary>Checkpoints and adapters that disagree about vocabulary and output projection, as transformers and PEFT resolve them.</summary>
public sealed class WeightPlanTests : IDisposable
{
    private const string Prefix = "base_model.model.",
        Embedding = "model.language_model.embed_tokens.weight",
        Head = "lm_head.weight";

    private static readonly ModelInput[] Prompt = [new([1, 2, 3])];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ModelFamily.Qwen25Vl)]
    [InlineData(ModelFamily.Qwen3Vl)]
    [InlineData(ModelFamily.Qwen35)]
    public void An_untied_checkpoint_without_head_embeds_as_the_tied_one_and_cannot_write(ModelFamily family)
    {
        using var scope = NewDisposeScope();
        Save(family);
        using var tied = QwenVlModel.Load(Base);
        var expected = tied.Encode(Prompt);
        SetTied(false);
        using var model = QwenVlModel.Load(Base);
        Assert.False(model.HasOutputProjection);
        Assert.True(tied.HasOutputProjection);
        AssertClose(expected, model.Encode(Prompt));
        Assert.Contains(
            "lm_head.weight",
            Assert.Throws<CheckpointException>(() => model.Logits(expected)).Message,
            StringComparison.Ordinal
        );

        model.Save(_folder.File("again"));
        using var again = QwenVlModel.Load(_folder.File("again"));
        Assert.False(again.HasOutputProjection);
    }

    [Fact]
    public void Embedding_and_head_of_modules_to_save_part_a_tied_model()
    {
        using var scope = NewDisposeScope();
        Save();
        Tensor embedding = rand(96, 32),
            head = rand(96, 32);
        WriteAdapter("""["embed_tokens","lm_head"]""", (Prefix + "model.embed_tokens.weight", embedding), (Prefix + Head, head));
        using var model = Load();
        Assert.False(model.Config.Text.TieWordEmbeddings);
        AssertSame(embedding, model.Parameters[Embedding]);
        AssertSame(head, model.Parameters[Head]);
        var hidden = model.Encode(Prompt);
        AssertClose(nn.functional.linear(hidden, head), model.Logits(hidden));

        model.Save(_folder.File("merged"));
        using var merged = QwenVlModel.Load(_folder.File("merged"));
        AssertSame(head, merged.Parameters[Head]);
    }

    [Fact]
    public void Equal_embedding_and_head_leave_a_model_tied()
    {
        using var scope = NewDisposeScope();
        Save();
        var both = rand(96, 32);
        WriteAdapter("null", (Prefix + "model.embed_tokens.weight", both), (Prefix + Head, both));
        using var model = Load();
        Assert.True(model.Config.Text.TieWordEmbeddings);
        AssertSame(both, model.Parameters[Embedding]);
        Assert.DoesNotContain(Head, model.Parameters.Keys);
    }

    [Theory]
    [InlineData("""["embed_tokens"]""", false, false)] // the copy is the look-up's alone
    [InlineData("""["embed_tokens"]""", true, true)]
    [InlineData("null", false, true)] // saved along: loaded into what both share
    public void An_embedding_alone_parts_the_model_only_as_a_module_to_save(string modules, bool keepsTied, bool tied)
    {
        using var scope = NewDisposeScope();
        Save();
        var embedding = rand(96, 32);
        WriteAdapter(modules, keepsTied, (Prefix + "model.embed_tokens.weight", embedding));
        using var plain = QwenVlModel.Load(Base);
        using var model = Load();
        Assert.Equal(tied, model.Config.Text.TieWordEmbeddings);
        AssertSame(embedding, model.Parameters[Embedding]);
        var hidden = model.Encode(Prompt);
        AssertClose(nn.functional.linear(hidden, tied ? embedding : plain.Parameters[Embedding]), model.Logits(hidden));
    }

    [Fact]
    public void A_head_alone_leaves_the_embedding_as_it_is()
    {
        using var scope = NewDisposeScope();
        Save();
        var head = rand(96, 32);
        WriteAdapter("""["lm_head"]""", (Prefix + Head, head));
        using var plain = QwenVlModel.Load(Base);
        using var model = Load();
        AssertSame(plain.Parameters[Embedding], model.Parameters[Embedding]);
        AssertSame(head, model.Parameters[Head]);
    }

    [Fact]
    public void Low_rank_weights_of_a_tied_head_change_the_head_alone()
    {
        using var scope = NewDisposeScope();
        Save();
        Tensor a = rand(1, 32),
            b = rand(96, 1);
        WriteAdapter("null", (Prefix + "lm_head.lora_A.weight", a), (Prefix + "lm_head.lora_B.weight", b));
        using var plain = QwenVlModel.Load(Base);
        using var model = Load();
        AssertSame(plain.Parameters[Embedding], model.Parameters[Embedding]);
        AssertClose(plain.Parameters[Embedding] + b.mm(a).mul(2), model.Parameters[Head]);
    }

    [Fact]
    public void Two_sides_that_nothing_parts_are_refused()
    {
        using var scope = NewDisposeScope();
        Save();
        WriteAdapter("null", (Prefix + "model.embed_tokens.weight", rand(96, 32)), (Prefix + Head, rand(96, 32)));
        Assert.Contains("modules_to_save does not part them", Assert.Throws<CheckpointException>(Load).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vocabulary_that_has_grown_is_the_adapters()
    {
        using var scope = NewDisposeScope();
        Save();
        var grown = rand(98, 32);
        WriteAdapter("null", (Prefix + "model.embed_tokens.weight", grown), (Prefix + Head, grown));
        using var model = Load();
        Assert.Equal(98, model.Config.Text.VocabSize);
        Assert.Equal([1, 98], model.Logits(model.Encode([new ModelInput([1, 97])])).shape);
        model.Save(_folder.File("merged"));
        Assert.Equal(98, QwenVlConfig.Load(_folder.File("merged")).Text.VocabSize);
    }

    [Fact]
    public void A_grown_embedding_without_a_head_of_its_size_can_only_embed()
    {
        using var scope = NewDisposeScope();
        Save();
        WriteAdapter("""["embed_tokens"]""", (Prefix + "model.embed_tokens.weight", rand(98, 32)));
        using var model = Load();
        Assert.False(model.HasOutputProjection);
        Assert.Equal([1, 32], model.Encode([new ModelInput([1, 97])]).shape);
    }

    [Fact]
    public void An_adapter_of_another_model_is_refused_with_its_folder()
    {
        using var scope = NewDisposeScope();
        Save();
        WriteAdapter(
            "null",
            (Prefix + "model.layers.7.mlp.up_proj.lora_A.weight", rand(1, 32)),
            (Prefix + "model.layers.7.mlp.up_proj.lora_B.weight", rand(48, 1))
        );
        var message = Assert.Throws<CheckpointException>(Load).Message;
        Assert.Contains(Adapter, message, StringComparison.Ordinal);
        Assert.Contains("layers.7.mlp.up_proj.weight, which the model does not have", message, StringComparison.Ordinal);
    }

    private string Base => _folder.File("base");

    private string Adapter => _folder.File("adapter");

    private void Save(ModelFamily family = ModelFamily.Qwen25Vl)
    {
        using var model = TinyModel.Create(family);
        model.Save(Base);
    }

    private void SetTied(bool tied)
    {
        var path = Path.Combine(Base, QwenVlConfig.FileName);
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        json["tie_word_embeddings"] = tied;
        File.WriteAllText(path, json.ToJsonString());
    }

    private void WriteAdapter(string modulesToSave, params (string Name, Tensor Tensor)[] tensors) =>
        WriteAdapter(modulesToSave, keepsTied: false, tensors);

    private void WriteAdapter(string modulesToSave, bool keepsTied, params (string Name, Tensor Tensor)[] tensors)
    {
        Directory.CreateDirectory(Adapter);
        File.WriteAllText(
            Path.Combine(Adapter, PeftAdapter.ConfigFile),
            $$"""{"peft_type":"LORA","r":1,"lora_alpha":2,"modules_to_save":{{modulesToSave}},"""
                + $$""" "ensure_weight_tying":{{(keepsTied ? "true" : "false")}}}"""
        );
        SafetensorsWriter.Write(Path.Combine(Adapter, PeftAdapter.WeightsFile), tensors.Select(t => KeyValuePair.Create(t.Name, t.Tensor)));
    }

    private QwenVlModel Load() => QwenVlModel.Load(Base, new QwenVlModelOptions { Adapter = Adapter });

    private static void AssertSame(Tensor expected, Tensor actual) =>
        Assert.Equal(expected.data<float>().ToArray(), actual.data<float>().ToArray());

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, 1e-4f);
    }
}
