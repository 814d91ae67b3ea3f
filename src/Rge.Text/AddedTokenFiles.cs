using System.Globalization;
using Rge.Files;

namespace Rge.Text;

/// <summary>Gathers the added tokens of a checkpoint folder from all the places where they have been written over the years.</summary>
/// <remarks>
/// Tokens with an id of their own come first (tokenizer.json, <c>added_tokens_decoder</c>, added_tokens.json). Tokens that are only named
/// (<c>eos_token</c>, <c>extra_special_tokens</c> …) take the free ids after the highest one: those every Qwen-VL checkpoint has in their
/// fixed order, then the others in the order of the file. A folder that names none has the usual ones.
/// </remarks>
internal static class AddedTokenFiles
{
    public const string AddedTokens = "added_tokens.json",
        SpecialTokensMap = "special_tokens_map.json";

    // The search for added tokens takes memory with the number of their characters, so a damaged file must not bring in megabytes of them.
    private const int MaxTokens = 10_000,
        MaxContentLength = 128;

    /// <summary>How many of <see cref="Usual"/> every checkpoint of the family has; the others came with Qwen2.5.</summary>
    public const int FamilyTokens = 14;

    /// <summary>The control tokens of Qwen2 and the VL models made from it, in the order of their ids.</summary>
    public static readonly string[] Usual =
    [
        "<|endoftext|>",
        "<|im_start|>",
        "<|im_end|>",
        "<|object_ref_start|>",
        "<|object_ref_end|>",
        "<|box_start|>",
        "<|box_end|>",
        "<|quad_start|>",
        "<|quad_end|>",
        "<|vision_start|>",
        "<|vision_end|>",
        "<|vision_pad|>",
        "<|image_pad|>",
        "<|video_pad|>",
        "<tool_call>",
        "</tool_call>",
        "<|fim_prefix|>",
        "<|fim_middle|>",
        "<|fim_suffix|>",
        "<|fim_pad|>",
        "<|repo_name|>",
        "<|file_sep|>",
    ];

    private static readonly string[] NamedTokens =
    [
        "bos_token",
        "eos_token",
        "unk_token",
        "sep_token",
        "pad_token",
        "cls_token",
        "mask_token",
    ];
    private static readonly string[] NamedLists = ["additional_special_tokens", "extra_special_tokens"];

    /// <summary>The added tokens of a folder whose vocabulary, and whose tokens added in tokenizer.json, were read before.</summary>
    public static IReadOnlyList<AddedToken> Read(string folder, TokenizerDefinition definition)
    {
        var tokens = new Collector(definition.Vocabulary);
        foreach (var token in definition.AddedTokens)
            tokens.Add(token, Path.Combine(folder, TokenizerFiles.Tokenizer));

        var named = new List<string>();
        ReadFile(TokenizerFiles.Config, root =>
        {
            foreach (var (id, value) in root["added_tokens_decoder"].Members())
                tokens.Add(ReadToken(value, ParseId(id, value)), Path.Combine(folder, TokenizerFiles.Config));
            named.AddRange(Named(root));
        });
        ReadFile(AddedTokens, root =>
        {
            foreach (var (content, id) in root.Members())
                tokens.Add(
                    new AddedToken(Checked(content, id), id.Integer(0, TokenizerDefinition.MaxIds - 1)),
                    Path.Combine(folder, AddedTokens)
                );
        });
        ReadFile(SpecialTokensMap, root => named.AddRange(Named(root)));

        if (named.Count == 0 && tokens.Count == 0)
            named.AddRange(Usual);
        foreach (var content in Usual.Intersect(named, StringComparer.Ordinal).Union(named, StringComparer.Ordinal))
            tokens.AddNamed(content);
        if (tokens.Count > MaxTokens)
            throw new CheckpointException($"{folder} has {tokens.Count} added tokens, expected at most {MaxTokens}.");
        return tokens.Result;

        void ReadFile(string name, Action<JsonField> read)
        {
            var path = Path.Combine(folder, name);
            if (!File.Exists(path))
                return;
            JsonFile.Read(path, root =>
            {
                read(root);
                return true;
            });
        }
    }

    /// <summary>A token with its flags, as tokenizer.json and <c>added_tokens_decoder</c> write it.</summary>
    public static AddedToken ReadToken(JsonField field, int id)
    {
        // Whitespace swallowing and word boundaries have no use in this family; taking them for plain tokens would give wrong ids in
        // silence.
        foreach (var name in (string[])["single_word", "lstrip", "rstrip"])
            if (field[name].Flag(false))
                throw field[name].Error("is true, expected false");
        return new AddedToken(Content(field), id, field["special"].Flag(false));
    }

    /// <summary>
    /// Tokens that a configuration names without giving ids: a string, an object with the content, a list or a map of either.
    /// </summary>
    private static IEnumerable<string> Named(JsonField root)
    {
        foreach (var name in NamedTokens)
            if (!root[name].IsMissing)
                yield return Content(root[name]);
        foreach (var list in NamedLists)
        {
            var values = root[list].IsList ? root[list].Items() : root[list].Members().Select(field => field.Value);
            foreach (var value in values)
                yield return Content(value);
        }
    }

    private static string Content(JsonField field)
    {
        var content = field.IsText ? field : field["content"];
        return Checked(content.Text(), content);
    }

    private static string Checked(string content, JsonField field) =>
        content.Length is > 0 and <= MaxContentLength
            ? content
            : throw field.Error($"is a token of {content.Length} characters, expected 1 to {MaxContentLength}");

    private static int ParseId(string text, JsonField field) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id < TokenizerDefinition.MaxIds
            ? id
            : throw field.Error($"is named {text}, expected a token id below {TokenizerDefinition.MaxIds}");

    /// <summary>Keeps contents and ids in one-to-one relation.</summary>
    private sealed class Collector(IReadOnlyDictionary<string, int> vocabulary)
    {
        private readonly Dictionary<int, string> _contents = vocabulary.ToDictionary(pair => pair.Value, pair => pair.Key);
        private readonly Dictionary<string, AddedToken> _tokens = new(StringComparer.Ordinal);
        private int _next = vocabulary.Values.Max() + 1;

        public int Count => _tokens.Count;

        public IReadOnlyList<AddedToken> Result => [.. _tokens.Values.OrderBy(token => token.Id)];

        public void Add(AddedToken token, string path)
        {
            var known = _tokens.TryGetValue(token.Content, out var before)
                ? before.Id
                : vocabulary.GetValueOrDefault(token.Content, token.Id);
            if (known != token.Id)
                throw new CheckpointException($"{path}: the token {token.Content} has id {token.Id}, but elsewhere {known}.");
            if (_contents.GetValueOrDefault(token.Id, token.Content) is var owner && owner != token.Content)
                throw new CheckpointException($"{path}: the token {token.Content} has id {token.Id}, which {owner} has already.");
            Insert(token);
        }

        public void AddNamed(string content) => Insert(new AddedToken(content, vocabulary.TryGetValue(content, out var id) ? id : _next));

        private void Insert(AddedToken token)
        {
            if (!_tokens.TryAdd(token.Content, token))
                return;
            _contents[token.Id] = token.Content;
            _next = Math.Max(_next, token.Id + 1);
        }
    }
}
