using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Rge.Imaging;
using Rge.Models.Inputs;
using Rge.Presets;

namespace Rge.Tests.Presets;

/// <summary>Preset files: what is read, and what is refused by file and key.</summary>
public sealed class PresetReaderTests
{
    private const string Least = """{"name": "a", "prompt": "{item}", "pooling": "last_token"}""";

    private const string Judge = """
        {"name": "a", "prompt": "{query}{document}", "pooling": "last_token", "score": {"yes": "y", "no": "n"}}
        """;

    [Fact]
    public void Few_keys_are_needed()
    {
        var preset = Read(Least);
        Assert.Equal(
            ("a", PoolingKind.LastToken, true, PositionScheme.Multimodal),
            (preset.Name, preset.Pooling.Kind, preset.Normalize, preset.Positions)
        );
        Assert.Equal(PresetPrompt.DefaultImage, preset.Prompt.Image);
    }

    [Fact]
    public void Built_in_presets_are_read_by_name()
    {
        Assert.Equal(
            [
                "rge",
                "qwen3-vl-embedding",
                "vlm2vec",
                "vlm2vec-v2",
                "gme",
                "ume-r1",
                "ume-r1-generative",
                "wemm",
                "rge-before-emb",
                "qwen3-vl-reranker",
            ],
            ModelPreset.BuiltIn.Select(preset => preset.Name)
        );
        Assert.Equal(ModelPreset.BuiltIn.Where(preset => preset.Score is null).Select(preset => preset.Name), ModelPreset.EmbedderNames);
        Assert.Equal([new FitStep(SizeRule.QwenVlUtils, 4, 1800)], ModelPreset.Named("qwen3-vl-embedding").Images.Steps);
        var error = Assert.Throws<CheckpointException>(() => ModelPreset.Named("gne"));
        Assert.StartsWith("There is no preset 'gne', expected one of rge, qwen3-vl-embedding,", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        foreach (var preset in ModelPreset.BuiltIn.Append(ModelPreset.LastToken))
        {
            var json = PresetWriter.Write(preset);
            Assert.Equal(json.ToJsonString(), PresetWriter.Write(Read(json.ToJsonString())).ToJsonString());
        }
    }

    [Fact]
    public void Presets_that_say_the_same_have_one_digest()
    {
        var gme = ModelPreset.Named("gme");
        Assert.Equal(gme.Digest, (gme with { Name = "other", Description = "" }).Digest);
        Assert.NotEqual(gme.Digest, (gme with { Positions = PositionScheme.Multimodal }).Digest);
        Assert.Null(ModelPreset.Rge.Digest);
        Assert.Null(ModelPreset.LastToken.Digest);
        Assert.Equal(
            ModelPreset.BuiltIn.Count - 2,
            ModelPreset.BuiltIn.Where(preset => preset.Digest is not null).DistinctBy(preset => preset.Digest).Count()
        );
    }

    [Theory]
    [InlineData("name", null, "name is missing")]
    [InlineData("name", "\"\"", "name is \"\", expected a text")]
    [InlineData("prompts", "1", "prompts is no key of a preset, expected one of name, ")]
    [InlineData("prompt", null, "prompt and chat_template are alternatives")]
    [InlineData("chat_template", "\"default\"", "prompt and chat_template are alternatives")]
    [InlineData("prompt", "\"{itme}\"", "prompt has the slot {itme}, expected one of {item}, ")]
    [InlineData("prompt", "\"{item\"", "prompt has a brace at character 0 without its partner")]
    [InlineData("prompt", "\"{item}{item}\"", "prompt has a slot 2 times (Item)")]
    [InlineData("prompt", "\"{text}\"", "prompt does not show an item")]
    [InlineData("prompt", "\"{query}{document}\"", "prompt does not show an item")]
    [InlineData("score", """{"yes": "yes", "no": "no"}""", "prompt is a reranker's, since score is given")]
    [InlineData("image", "\"picture\"", "image is \"picture\", expected a text with <|image_pad|> once")]
    [InlineData("pooling", null, "pooling is missing")]
    [InlineData("pooling", "\"mean\"", "pooling is \"mean\", expected one of \"before_token\", \"last_token\", ")]
    [InlineData("pooling", "\"written_token\"", "pooled_token is missing")]
    [InlineData("pooled_token", "\"<emb>\"", "pooled_token is for other kinds of pooling")]
    [InlineData("reasoning", """{"items": "all"}""", "reasoning is for pooling \"written_token\" or \"before_token\" only")]
    [InlineData("instruction", """{"defualt": ""}""", "instruction.defualt is no key of a preset, expected one of default, ")]
    [InlineData("instruction", "\"a\"", "instruction is \"a\", expected an object")]
    [InlineData("images", """{"resize": []}""", "images.resize ends in another step")]
    [InlineData("images", """{"resize": [{"square": {"below": 28, "side": 56}}]}""", "images.resize ends in another step")]
    [InlineData(
        "images",
        """{"resize": [{"fit": {"min_tokens": 9, "max_tokens": 4}}]}""",
        "images.resize[0].fit.max_tokens is 4, expected a whole"
    )]
    [InlineData("length", """{"when_longer": "cut_end"}""", "length.max_tokens is missing")]
    [InlineData("length", """{"max_tokens": 9, "kept_end": 2}""", "length.kept_end is for when_longer \"cut_ordinary\" only")]
    [InlineData("normalize", "1", "normalize is 1, expected true or false")]
    public void Errors_name_file_and_key(string key, string? value, string expected)
    {
        var json = JsonNode.Parse(Least)!.AsObject();
        if (value is null)
            json.Remove(key);
        else
            json[key] = JsonNode.Parse(value);
        var error = Assert.Throws<CheckpointException>(() => Read(json.ToJsonString()));
        Assert.StartsWith($"my.json: {expected}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("user", "\"{instruction}{item}\"", "user has {instruction}, which a chat template has no place for")]
    [InlineData("chat_template", "\"../x.jinja\"", "chat_template is \"../x.jinja\", expected \"default\", or the name of a file")]
    [InlineData("image", "\"<|image_pad|>\"", "image belongs to prompt")]
    public void Errors_of_chat_templates_name_file_and_key(string key, string value, string expected)
    {
        var json = JsonNode.Parse("""{"name": "a", "chat_template": "default", "user": "{item}", "pooling": "last_token"}""")!.AsObject();
        json[key] = JsonNode.Parse(value);
        var error = Assert.Throws<CheckpointException>(() => Read(json.ToJsonString()));
        Assert.StartsWith($"my.json: {expected}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("max_images", "1", "max_images has no effect on a reranker")]
    [InlineData("normalize", "false", "normalize has no effect on a reranker")]
    [InlineData("instruction", """{"items": "queries"}""", "instruction.items has no effect on a reranker")]
    [InlineData("pooling", "\"prompt_token\"", "pooled_token is missing")]
    public void What_a_reranker_does_not_use_is_refused(string key, string value, string expected)
    {
        var json = JsonNode.Parse(Judge)!.AsObject();
        Assert.NotNull(Read(json.ToJsonString()).Score);
        json[key] = JsonNode.Parse(value);
        AssertRefused(json, expected);
    }

    [Fact]
    public void A_reranker_has_no_chat_template()
    {
        var json = JsonNode.Parse(Judge)!.AsObject();
        json.Remove("prompt");
        (json["chat_template"], json["user"]) = ("default", "{query}{document}");
        AssertRefused(json, "chat_template has no effect on a reranker");
    }

    [Fact]
    public void Damaged_files_are_read_or_refused()
    {
        var files = ModelPreset.BuiltIn.Select(preset => Encoding.UTF8.GetBytes(PresetWriter.Write(preset).ToJsonString())).ToArray();
        Gen.Select(Gen.Int[0, files.Length - 1], Gen.Int[0, 1 << 20], Gen.Byte, Gen.Int[0, 3])
            .Sample(
                (file, place, value, kind) =>
                {
                    byte[] bytes = [.. files[file]];
                    place %= bytes.Length;
                    bytes = kind switch
                    {
                        0 => bytes[..place],
                        1 => [.. bytes[..place], value, .. bytes[place..]],
                        2 => [.. bytes[..place], .. bytes[(place + 1)..]],
                        _ => [.. bytes[..place], value, .. bytes[(place + 1)..]],
                    };
                    try
                    {
                        var preset = PresetReader.Parse(bytes, "my.json");
                        Assert.NotEmpty(preset.Prompt.Pattern.Pieces);
                    }
                    catch (CheckpointException e)
                    {
                        Assert.StartsWith("my.json", e.Message, StringComparison.Ordinal);
                    }
                },
                iter: 3000
            );
    }

    [Fact]
    public void Braces_written_twice_are_text()
    {
        var pattern = PromptPattern.Parse("{{a}} {item}");
        Assert.Equal([new PatternPiece("{a} "), new PatternPiece(PromptSlot.Item)], pattern.Pieces);
    }

    [Theory]
    [InlineData(" Find it ", "Find it.")]
    [InlineData("Find it!", "Find it!")]
    [InlineData("見つけて。", "見つけて。")]
    [InlineData("a+", "a+.")]
    [InlineData("  ", "default")]
    [InlineData(null, "default")]
    public void Instructions_get_a_full_stop_unless_they_end_in_punctuation(string? given, string expected) =>
        Assert.Equal(
            expected,
            new PresetInstruction
            {
                Default = "default",
                Strip = true,
                FullStop = true,
            }.Resolve(given)
        );

    private static void AssertRefused(JsonObject json, string expected)
    {
        var error = Assert.Throws<CheckpointException>(() => Read(json.ToJsonString()));
        Assert.StartsWith($"my.json: {expected}", error.Message, StringComparison.Ordinal);
    }

    private static ModelPreset Read(string json) => PresetReader.Parse(Encoding.UTF8.GetBytes(json), "my.json");
}
