using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rge.Models.Tokens;

/// <summary>Writes the tokenizer files of a checkpoint.</summary>
internal static class TokenizerWriter
{
    private static readonly JsonWriterOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Indented = true };

    /// <summary>Copies the files of a folder as they are.</summary>
    public static void Copy(string source, string target, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            var (from, to) = (Path.GetFullPath(Path.Combine(source, name)), Path.GetFullPath(Path.Combine(target, name)));
            if (File.Exists(from) && from != to) AtomicFile.Copy(from, to);
        }
    }

    /// <summary>Copies the files of a folder, those that list added tokens with more of them; tokenizer.json is made where there was none.</summary>
    public static void Write(string source, string target, TokenizerDefinition definition, IReadOnlyList<AddedToken> added)
    {
        string[] listing = [TokenizerFiles.Tokenizer, TokenizerFiles.Config, AddedTokenFiles.AddedTokens];
        Copy(source, target, TokenizerFiles.All.Except(listing, StringComparer.Ordinal));

        var tokenizer = Path.Combine(source, TokenizerFiles.Tokenizer);
        var root = File.Exists(tokenizer) ? ConfigReader.ReadFile(tokenizer) : Tokenizer(definition);
        var listed = (root["added_tokens"] as JsonArray)?.ToDictionary(token => token!["id"]!.GetValue<int>(), token => token!.DeepClone()) ?? [];
        root["added_tokens"] = new JsonArray([.. added.Select(token => listed.GetValueOrDefault(token.Id) ?? Describe(token, withId: true))]);
        Save(root, target, TokenizerFiles.Tokenizer);

        var config = Path.Combine(source, TokenizerFiles.Config);
        if (File.Exists(config)) Save(Extend(ConfigReader.ReadFile(config), added.Except(definition.AddedTokens)), target, TokenizerFiles.Config);

        var contents = Path.Combine(source, AddedTokenFiles.AddedTokens);
        if (File.Exists(contents))
            Save(new JsonObject(added.Select(token => KeyValuePair.Create(token.Content, (JsonNode?)token.Id))), target, AddedTokenFiles.AddedTokens);
    }

    /// <summary>Adds tokens to those lists of tokenizer_config.json that it has.</summary>
    private static JsonObject Extend(JsonObject config, IEnumerable<AddedToken> tokens)
    {
        foreach (var token in tokens)
        {
            (config["added_tokens_decoder"] as JsonObject)?.Add(token.Id.ToString(CultureInfo.InvariantCulture), Describe(token, withId: false));
            ((config["extra_special_tokens"] ?? config["additional_special_tokens"]) as JsonArray)?.Add(token.Content);
        }
        return config;
    }

    /// <summary>A tokenizer.json for what vocab.json and merges.txt say.</summary>
    private static JsonObject Tokenizer(TokenizerDefinition definition) => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = null,
        ["normalizer"] = definition.Normalizes ? new JsonObject { ["type"] = "NFC" } : null,
        ["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["pretokenizers"] = new JsonArray(
                new JsonObject
                {
                    ["type"] = "Split",
                    ["pattern"] = new JsonObject { ["Regex"] = definition.Pattern },
                    ["behavior"] = "Isolated",
                    ["invert"] = false,
                },
                ByteLevel()),
        },
        ["post_processor"] = ByteLevel(),
        ["decoder"] = ByteLevel(),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = null,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = false,
            ["byte_fallback"] = false,
            ["vocab"] = new JsonObject(definition.Vocabulary.OrderBy(pair => pair.Value).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
            ["merges"] = new JsonArray([.. definition.Merges.Select(merge => new JsonArray(merge.Left, merge.Right))]),
        },
    };

    private static JsonObject ByteLevel() => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = false,
        ["use_regex"] = false,
    };

    private static JsonObject Describe(AddedToken token, bool withId)
    {
        var description = new JsonObject
        {
            ["content"] = token.Content,
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = token.Special,
        };
        if (withId) description.Insert(0, "id", token.Id);
        return description;
    }

    private static void Save(JsonObject json, string folder, string name) => AtomicFile.Write(Path.Combine(folder, name), stream =>
    {
        using var writer = new Utf8JsonWriter(stream, Format);
        json.WriteTo(writer);
    });
}
