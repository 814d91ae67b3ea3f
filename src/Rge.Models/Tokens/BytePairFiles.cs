using System.Text.Json.Nodes;

namespace Rge.Models.Tokens;

/// <summary>Writes the tokenizer files of a byte-level BPE vocabulary, as transformers and this library read them.</summary>
public static class BytePairFiles
{
    /// <summary>The special tokens of the Qwen-VL family in the order of their ids, then <c>&lt;emb&gt;</c>.</summary>
    public static IReadOnlyList<string> SpecialTokens { get; } =
    [
        "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
        "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>", "<emb>",
    ];

    /// <summary>How Qwen splits text before merging: contractions, words with one leading sign, single digits, signs, line ends, spaces.</summary>
    internal const string SplitPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The character that stands for each byte in a byte-level vocabulary: itself where printable, else one from U+0100 on.</summary>
    public static IReadOnlyList<char> ByteCharacters { get; } = MakeByteCharacters();

    /// <summary>Writes tokenizer.json and tokenizer_config.json. Ids: the 256 bytes, then one a merge, then the special tokens.</summary>
    /// <param name="folder">The checkpoint folder; must exist.</param>
    /// <param name="merges">Pairs of tokens (in byte characters), the most urgent first; both parts must be known by then.</param>
    public static void Write(string folder, IReadOnlyList<(string Left, string Right)> merges)
    {
        ArgumentNullException.ThrowIfNull(merges);
        var vocabulary = new JsonObject();
        foreach (var character in ByteCharacters.Order()) vocabulary.Add(character.ToString(), vocabulary.Count);
        foreach (var (left, right) in merges) vocabulary.Add(left + right, vocabulary.Count);
        var added = new JsonArray([.. SpecialTokens.Select((token, i) => (JsonNode)new JsonObject
        {
            ["id"] = vocabulary.Count + i, ["content"] = token, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false,
            ["normalized"] = false, ["special"] = true,
        })]);
        JsonObject ByteLevel() => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = false, ["use_regex"] = false };
        var split = new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = SplitPattern }, ["behavior"] = "Isolated", ["invert"] = false };
        AtomicFile.WriteJson(Path.Combine(folder, "tokenizer.json"), new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = added,
            ["normalizer"] = new JsonObject { ["type"] = "NFC" },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(split, ByteLevel()) },
            ["post_processor"] = ByteLevel(),
            ["decoder"] = ByteLevel(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = "",
                ["end_of_word_suffix"] = "",
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. merges.Select(m => (JsonNode)new JsonArray(m.Left, m.Right))]),
            },
        });
        AtomicFile.WriteJson(Path.Combine(folder, "tokenizer_config.json"), new JsonObject
        {
            ["tokenizer_class"] = "Qwen2Tokenizer",
            ["eos_token"] = "<|im_end|>",
            ["pad_token"] = "<|endoftext|>",
            ["extra_special_tokens"] = new JsonArray([.. SpecialTokens.Skip(1).Select(t => (JsonNode)t)]),
            ["model_max_length"] = 131072,
        });
    }

    /// <summary>
    /// Merges that build lower-case letter strings, with and without a space before them, the short ones first: a stand-in vocabulary of any
    /// size for models that were never trained.
    /// </summary>
    public static IReadOnlyList<(string Left, string Right)> LetterMerges(int count)
    {
        var space = ByteCharacters[' '].ToString();
        var letters = Enumerable.Range('a', 26).Select(c => ((char)c).ToString()).ToArray();
        var merges = new List<(string, string)>(count);
        foreach (var letter in letters) merges.Add((space, letter));
        for (var longer = letters; merges.Count < count; longer = [.. longer.SelectMany(word => letters.Select(letter => word + letter))])
            foreach (var prefix in (string[])["", space])
                foreach (var word in longer)
                    foreach (var letter in letters)
                        if (merges.Count < count) merges.Add((prefix + word, letter));
        return merges.Count > count ? merges[..count] : merges;
    }

    private static char[] MakeByteCharacters()
    {
        var characters = new char[256];
        var next = (char)256;
        for (var b = 0; b < 256; b++)
            characters[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)b : next++;
        return characters;
    }
}
