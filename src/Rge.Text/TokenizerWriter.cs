using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Files;

namespace Rge.Text;

/// <summary>Writes the tokenizer files of a checkpoint.</summary>
internal static class TokenizerWriter
{
    /// <summary>Copies the files of a folder as they are.</summary>
    public static void Copy(string source, string target, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            var (from, to) = (Path.GetFullPath(Path.Combine(source, name)), Path.GetFullPath(Path.Combine(target, name)));
            if (File.Exists(from) && from != to)
                AtomicFile.Copy(from, to);
        }
    }

    /// <summary>
    /// Copies the files of a folder and adds tokens to those that list them; tokenizer.json is created where there was none.
    /// </summary>
    public static void Write(string source, string target, TokenizerDefinition definition, IReadOnlyList<AddedToken> added)
    {
        string[] listing = [TokenizerFiles.Tokenizer, TokenizerFiles.Config, AddedTokenFiles.AddedTokens];
        Copy(source, target, TokenizerFiles.All.Except(listing, StringComparer.Ordinal));

        var tokenizer = Path.Combine(source, TokenizerFiles.Tokenizer);
        var root = File.Exists(tokenizer) ? JsonFile.ReadObject(tokenizer) : Describe(definition);
        var listed = (root["added_tokens"] as JsonArray)?.ToDictionary(token => token!["id"]!.GetValue<int>(), token => token!.DeepClone())
            ?? [];
        root["added_tokens"] = new JsonArray([
            .. added.Select(token => listed.GetValueOrDefault(token.Id) ?? Describe(token, withId: true)),
        ]);
        AtomicFile.WriteJson(Path.Combine(target, TokenizerFiles.Tokenizer), root);

        var config = Path.Combine(source, TokenizerFiles.Config);
        if (File.Exists(config))
            AtomicFile.WriteJson(
                Path.Combine(target, TokenizerFiles.Config),
                Extend(JsonFile.ReadObject(config), added.Except(definition.AddedTokens))
            );

        var contents = Path.Combine(source, AddedTokenFiles.AddedTokens);
        if (File.Exists(contents))
            AtomicFile.WriteJson(
                Path.Combine(target, AddedTokenFiles.AddedTokens),
                new JsonObject(added.Select(token => KeyValuePair.Create(token.Content, (JsonNode?)token.Id)))
            );
    }

    /// <summary>A tokenizer.json.</summary>
    public static JsonObject Describe(TokenizerDefinition definition) =>
        new()
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. definition.AddedTokens.Select(token => Describe(token, withId: true))]),
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
                    ByteLevel()
                ),
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
                ["vocab"] = new JsonObject(
                    definition.Vocabulary.OrderBy(pair => pair.Value).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))
                ),
                ["merges"] = new JsonArray([.. definition.Merges.Select(merge => new JsonArray(merge.Left, merge.Right))]),
            },
        };

    /// <summary>Adds tokens to those lists of tokenizer_config.json that it has.</summary>
    private static JsonObject Extend(JsonObject config, IEnumerable<AddedToken> tokens)
    {
        foreach (var token in tokens)
        {
            (config["added_tokens_decoder"] as JsonObject)?.Add(
                token.Id.ToString(CultureInfo.InvariantCulture),
                Describe(token, withId: false)
            );
            ((config["extra_special_tokens"] ?? config["additional_special_tokens"]) as JsonArray)?.Add((JsonNode)token.Content);
        }
        return config;
    }

    private static JsonObject ByteLevel() =>
        new()
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
        if (withId)
            description.Insert(0, "id", token.Id);
        return description;
    }
}
