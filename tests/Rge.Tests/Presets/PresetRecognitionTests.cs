using System.Text.Json.Nodes;
using Rge.Models;
using Rge.Tests.Shared;
using Rge.Text;

namespace Rge.Tests.Presets;

/// <summary>Which preset a folder is recognised for, and what is said where nothing tells.</summary>
public sealed class PresetRecognitionTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rge-presets-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Emb_decides_whatever_else_there_is()
    {
        var folder = Checkpoint("UME-R1-2B", ModelFamily.Qwen2Vl, "<emb>", "<disc_emb>");
        Assert.Equal((ModelPreset.Rge, "has the token <emb>"), Found(folder));
    }

    [Fact]
    public void A_preset_that_a_folder_brings_along_goes_before_all_else_and_that_of_an_adapter_before_it()
    {
        var folder = Checkpoint("VLM2Vec-Qwen2VL-2B", ModelFamily.Qwen2Vl, "<emb>");
        (ModelPreset.RgeBeforeEmb with { Name = "mine" }).Save(folder);
        Assert.Equal((ModelPreset.RgeBeforeEmb with { Name = "mine" }).Digest, PresetRecognition.Of(folder).Preset!.Digest);
        Assert.Equal(
            ("mine", "brings the file embedding_preset.json"),
            (PresetRecognition.Of(folder).Preset!.Name, PresetRecognition.Of(folder).Reason)
        );
        var adapter = Directory.CreateDirectory(Path.Combine(_root, "adapter")).FullName;
        Assert.Equal("mine", PresetRecognition.Of(folder, adapter).Preset!.Name);
        ModelPreset.Named("gme").Save(adapter);
        Assert.Equal("gme", PresetRecognition.Of(folder, adapter).Preset!.Name);

        File.WriteAllText(Path.Combine(folder, ModelPreset.FileName), "{}");
        var error = Assert.Throws<CheckpointException>(() => PresetRecognition.Of(folder));
        Assert.Contains(ModelPreset.FileName, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<disc_emb>", "ume-r1")]
    [InlineData("<gen_emb>", "ume-r1")]
    [InlineData("<embedding>", "wemm")]
    public void Tokens_tell(string token, string preset)
    {
        var folder = Checkpoint("model", ModelFamily.Qwen2Vl, token);
        Assert.Equal((ModelPreset.Named(preset), $"has the token {token}"), Found(folder));
    }

    [Theory]
    [InlineData("VLM2Vec-Qwen2VL-2B", ModelFamily.Qwen2Vl, "vlm2vec")]
    [InlineData("VLM2Vec-V2.0", ModelFamily.Qwen2Vl, "vlm2vec-v2")]
    [InlineData("gme-Qwen2-VL-2B-Instruct", ModelFamily.Qwen2Vl, "gme")]
    [InlineData("Qwen3-VL-Embedding-2B", ModelFamily.Qwen3Vl, "qwen3-vl-embedding")]
    [InlineData("Qwen3-VL-Reranker-2B", ModelFamily.Qwen3Vl, "qwen3-vl-reranker")]
    public void Names_tell_of_the_folder_the_config_and_the_adapter(string name, ModelFamily family, string preset)
    {
        var expected = ModelPreset.Named(preset);
        Assert.Equal((expected, $"is called '{name}' as a folder"), Found(Checkpoint(name, family)));

        var folder = Checkpoint("base", family);
        Assert.Null(PresetRecognition.Of(folder).Preset);
        var adapter = Directory.CreateDirectory(Path.Combine(_root, "adapters", name)).FullName;
        Assert.Equal(expected, PresetRecognition.Of(folder, adapter).Preset);

        Edit(Path.Combine(folder, "config.json"), json => json["_name_or_path"] = $"someone/{name}");
        Assert.Equal((expected, $"is called 'someone/{name}' in config.json"), Found(folder));
    }

    [Fact]
    public void A_name_of_another_family_does_not_tell() =>
        Assert.Null(PresetRecognition.Of(Checkpoint("VLM2Vec-Qwen2VL-2B", ModelFamily.Qwen3Vl)).Preset);

    [Fact]
    public void The_chat_template_tells_and_so_does_a_pooling_file()
    {
        var folder = Checkpoint("model", ModelFamily.Qwen3Vl);
        Directory.CreateDirectory(Path.Combine(folder, "1_Pooling"));
        File.WriteAllText(Path.Combine(folder, "1_Pooling", "config.json"), "{}");
        Assert.Equal(ModelPreset.Named("qwen3-vl-embedding"), PresetRecognition.Of(folder).Preset);
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), "Judge whether the Document meets the requirements");
        Assert.Equal(ModelPreset.Qwen3VlReranker, PresetRecognition.Of(folder).Preset);
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), "Represent the user's input.");
        Assert.Equal(ModelPreset.Named("qwen3-vl-embedding"), PresetRecognition.Of(folder).Preset);
    }

    [Fact]
    public void Where_nothing_tells_the_presets_are_listed_and_a_given_one_is_used()
    {
        var folder = Checkpoint("model", ModelFamily.Qwen2Vl);
        var error = Assert.Throws<EmbeddingException>(() => ReasoningEmbedder.Load(folder));
        Assert.StartsWith("The checkpoint's tokenizer has no <emb> token", error.Message, StringComparison.Ordinal);
        Assert.Contains("one of rge, qwen3-vl-embedding, vlm2vec, vlm2vec-v2, gme, ume-r1, ", error.Message, StringComparison.Ordinal);

        using var embedder = ReasoningEmbedder.Load(folder, new ReasoningEmbedderOptions { Preset = ModelPreset.Named("vlm2vec") });
        Assert.Equal("vlm2vec", embedder.Preset.Name);
        var missing = Assert.Throws<EmbeddingException>(() =>
            ReasoningEmbedder.Load(folder, new ReasoningEmbedderOptions { Preset = ModelPreset.Named("ume-r1") })
        );
        Assert.Contains("has no <disc_emb> token, which the preset ume-r1 pools", missing.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{ messages }}")] // a list is no text
    [InlineData("{% unheard of %}")]
    public async Task A_preset_with_a_prompt_of_its_own_needs_no_chat_template(string template)
    {
        var folder = Checkpoint("model", ModelFamily.Qwen2Vl);
        await File.WriteAllTextAsync(Path.Combine(folder, "chat_template.jinja"), template, TestContext.Current.CancellationToken);
        using var embedder = ReasoningEmbedder.Load(folder, new ReasoningEmbedderOptions { Preset = ModelPreset.Named("vlm2vec") });
        Assert.Equal(16, ModelFingerprint.Compute(embedder).Length);
        Assert.NotEmpty((await embedder.EmbedAsync(EmbeddingInput.Target("a cat"))).Vector.ToArray());

        var error = Assert.Throws<CheckpointException>(() =>
        {
            using var needing = ReasoningEmbedder.Load(folder, new ReasoningEmbedderOptions { Preset = Templated });
            return ModelFingerprint.Compute(needing);
        });
        Assert.Contains("chat_template.jinja: line 1 of the chat template", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A preset that uses the checkpoint's chat template and needs no special token.</summary>
    private static ModelPreset Templated =>
        ModelPreset.Rge with
        {
            Pooling = ModelPreset.LastToken.Pooling,
            Reasoning = ModelPreset.LastToken.Reasoning,
        };

    [Fact]
    public void A_reranker_gives_no_embeddings()
    {
        var folder = Checkpoint("Qwen3-VL-Reranker-2B", ModelFamily.Qwen3Vl);
        var error = Assert.Throws<EmbeddingException>(() => ReasoningEmbedder.Load(folder));
        Assert.Contains("so it is a reranker", error.Message, StringComparison.Ordinal);
    }

    private static (ModelPreset?, string) Found(string folder)
    {
        var recognition = PresetRecognition.Of(folder);
        return (recognition.Preset, recognition.Reason);
    }

    /// <summary>A tiny checkpoint without &lt;emb&gt; but with the given tokens.</summary>
    private string Checkpoint(string name, ModelFamily family, params string[] tokens)
    {
        var folder = Path.Combine(_root, name);
        Directory.CreateDirectory(folder);
        var source = Golden.Require(Golden.Family(family == ModelFamily.Qwen2Vl ? "qwen2_vl" : "qwen3_vl"), "model");
        foreach (var file in Directory.EnumerateFiles(source))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        foreach (var file in (string[])["tokenizer_config.json", "added_tokens.json", "special_tokens_map.json"])
            File.Delete(Path.Combine(folder, file));
        Edit(Path.Combine(folder, "tokenizer.json"), json =>
        {
            var added = json["added_tokens"]!.AsArray();
            var places = added.Where(token => (string?)token!["content"] == "<emb>").ToList();
            foreach (var place in places)
                added.Remove(place);
            var next = added.Max(token => (int)token!["id"]!) + 1;
            foreach (var token in tokens)
                added.Add(
                    new JsonObject
                    {
                        ["id"] = next++,
                        ["content"] = token,
                        ["special"] = true,
                    }
                );
        });
        Assert.Equal(tokens.Contains("<emb>"), QwenTokenizer.Load(folder).SpecialTokens.ContainsKey("<emb>"));
        return folder;
    }

    private static void Edit(string path, Action<JsonObject> edit)
    {
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        edit(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
