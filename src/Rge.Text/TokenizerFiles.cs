using System.Text.Json;
using Rge.Files;

namespace Rge.Text;

/// <summary>
/// Reads the tokenizer of a checkpoint folder: tokenizer.json, or vocab.json with merges.txt; and the tokens added elsewhere.
/// </summary>
internal static class TokenizerFiles
{
    public const string Tokenizer = "tokenizer.json",
        Vocabulary = "vocab.json",
        Merges = "merges.txt",
        Config = "tokenizer_config.json";

    /// <summary>Every file that belongs to a tokenizer.</summary>
    public static readonly IReadOnlyList<string> All =
    [
        Tokenizer,
        Vocabulary,
        Merges,
        Config,
        AddedTokenFiles.AddedTokens,
        AddedTokenFiles.SpecialTokensMap,
    ];

    private const long MaxMergesBytes = 64 << 20;

    /// <summary>Whether a folder has a tokenizer of its own.</summary>
    public static bool IsIn(string folder) =>
        File.Exists(Path.Combine(folder, Tokenizer))
        || (File.Exists(Path.Combine(folder, Vocabulary)) && File.Exists(Path.Combine(folder, Merges)));

    /// <summary>Reads and checks the tokenizer of a folder.</summary>
    /// <exception cref="CheckpointException">A file is missing, malformed, contradictory, or requires something that is not
    /// supported.</exception>
    public static TokenizerDefinition Read(string folder)
    {
        if (FileProblem.OfFolder(folder) is { } problem)
            throw new CheckpointException(problem);
        var (tokenizer, vocabulary, merges) = (
            Path.Combine(folder, Tokenizer),
            Path.Combine(folder, Vocabulary),
            Path.Combine(folder, Merges)
        );
        var definition =
            File.Exists(tokenizer) ? JsonFile.Read(tokenizer, root => ReadTokenizer(root, tokenizer))
            : File.Exists(vocabulary) && File.Exists(merges) ? ReadVocabularyAndMerges(vocabulary, merges)
            : throw new CheckpointException($"{folder} has no tokenizer: expected {Tokenizer}, or {Vocabulary} and {Merges}.");
        return definition with { AddedTokens = AddedTokenFiles.Read(folder, definition) };
    }

    private static TokenizerDefinition ReadTokenizer(JsonField root, string path)
    {
        var model = root["model"];
        Expect(model["type"], "BPE", optional: true);
        foreach (var name in (string[])["unk_token", "continuing_subword_prefix", "end_of_word_suffix"])
            if (model[name].Text("")!.Length > 0)
                throw model[name].Error($"is {model[name].Show()}, expected null");
        foreach (var name in (string[])["fuse_unk", "byte_fallback", "ignore_merges"])
            Expect(model[name], false);
        Expect(root["decoder"]["type"], "ByteLevel", optional: true);

        var vocabulary = ReadVocabulary(model["vocab"], path);
        var merges = new MergeList(vocabulary, model["merges"].Count);
        foreach (var merge in model["merges"].Items())
            if (merges.Add(Pair(merge)) is { } problem)
                throw merge.Error($"({merge.Show()}) {problem}");
        return new TokenizerDefinition(
            vocabulary,
            merges.Merges,
            ReadPattern(root["pre_tokenizer"]),
            ReadNormalizer(root["normalizer"]),
            [
                .. root["added_tokens"]
                    .Items()
                    .Select(token => AddedTokenFiles.ReadToken(token, token["id"].Integer(0, TokenizerDefinition.MaxIds - 1))),
            ]
        );
    }

    private static TokenizerDefinition ReadVocabularyAndMerges(string vocabularyPath, string mergesPath)
    {
        var length = new FileInfo(mergesPath).Length;
        if (length > MaxMergesBytes)
            throw new CheckpointException($"{mergesPath} has {ByteSize.Excess(length, MaxMergesBytes)}.");
        GitLfsPointer.Refuse(mergesPath);
        var vocabulary = JsonFile.Read(vocabularyPath, root => ReadVocabulary(root, vocabularyPath));
        var merges = new MergeList(vocabulary, vocabulary.Count);
        var number = 0;
        foreach (var line in FileReader.ReadLines(mergesPath))
        {
            number++;
            var header = number == 1 && line.StartsWith("#version", StringComparison.Ordinal);
            if (line.Length > 0 && !header && merges.Add(line.Split(' ', 3) is [var left, var right] ? (left, right) : null) is { } problem)
                throw new CheckpointException($"{mergesPath}, line {number}: the merge {JsonField.Shorten(line)} {problem}.");
        }
        var pattern = PatternOfClass(Path.GetDirectoryName(vocabularyPath)!);
        return new TokenizerDefinition(vocabulary, merges.Merges, pattern, Normalizes: true, []);
    }

    /// <summary>
    /// The split pattern that vocab.json and merges.txt leave open: that of the tokenizer's class, which tokenizer_config.json names.
    /// </summary>
    private static string PatternOfClass(string folder)
    {
        var config = Path.Combine(folder, Config);
        var name = File.Exists(config) ? JsonFile.Read(config, root => root["tokenizer_class"].Text("")) : "";
        return WordSplitter.PatternOf(name!);
    }

    private static Dictionary<string, int> ReadVocabulary(JsonField field, string path)
    {
        var vocabulary = new Dictionary<string, int>(field.Count, StringComparer.Ordinal);
        var seen = new HashSet<int>(field.Count);
        foreach (var (token, value) in field.Members())
        {
            var id = value.Integer(0, TokenizerDefinition.MaxIds - 1);
            if (token.Length == 0)
                throw value.Error("is the id of an empty token");
            if (!seen.Add(id))
                throw value.Error($"is {id}, which another token has as well");
            vocabulary.Add(token, id);
        }
        for (var b = 0; b < 256; b++)
            if (!vocabulary.ContainsKey(ByteAlphabet.Character((byte)b).ToString()))
                throw new CheckpointException($"{path}: the vocabulary has no token for byte 0x{b:X2}, expected one for each of the 256.");
        return vocabulary;
    }

    private static bool ReadNormalizer(JsonField field)
    {
        if (field.IsMissing)
            return false;
        foreach (var step in Steps(field, "normalizers"))
            Expect(step["type"], "NFC");
        return Steps(field, "normalizers").Any();
    }

    private static string ReadPattern(JsonField field)
    {
        var steps = Steps(field, "pretokenizers").ToList();
        if (steps.Count != 2)
            throw field.Error($"has {steps.Count} steps, expected a Split and a ByteLevel");
        var (split, bytes) = (steps[0], steps[1]);
        Expect(split["type"], "Split");
        Expect(split["behavior"], "Isolated");
        Expect(split["invert"], false);
        Expect(bytes["type"], "ByteLevel");
        Expect(bytes["add_prefix_space"], false);
        Expect(bytes["use_regex"], false);
        var pattern = split["pattern"]["Regex"];
        try
        {
            return new WordSplitter(pattern.Text()).Pattern;
        }
        catch (ArgumentException e)
        {
            throw pattern.Error($"is no usable regular expression: {e.Message.TrimEnd('.')}");
        }
    }

    private static IEnumerable<JsonField> Steps(JsonField field, string list) =>
        field["type"].Text("") == "Sequence" ? field[list].Items() : [field];

    private static void Expect(JsonField field, string expected, bool optional = false)
    {
        if (!(optional && field.IsMissing) && field.Text() != expected)
            throw field.Error($"is {field.Show()}, expected \"{expected}\"");
    }

    private static void Expect(JsonField field, bool expected)
    {
        if (field.Flag(expected) != expected)
            throw field.Error($"is {field.Show()}, expected {(expected ? "true" : "false")}");
    }

    /// <summary>The two strings of a list, or the two words of a string; null for anything else.</summary>
    private static (string Left, string Right)? Pair(JsonField merge)
    {
        if (merge.IsText)
            return merge.Text().Split(' ', 3) is [var first, var second] ? (first, second) : null;
        if (!merge.IsList || merge.Count != 2)
            return null;
        // As elements: a field each would put together the place of every merge.
        var (left, right) = (merge.Value[0], merge.Value[1]);
        return left.ValueKind == JsonValueKind.String && right.ValueKind == JsonValueKind.String
            ? (left.GetString()!, right.GetString()!)
            : null;
    }

    /// <summary>The merges read so far, each checked against the vocabulary.</summary>
    private sealed class MergeList(Dictionary<string, int> vocabulary, int capacity)
    {
        private readonly HashSet<(int, int)> _seen = new(capacity);

        public List<Merge> Merges { get; } = new(capacity);

        /// <summary>Takes one merge, or says what is wrong with it.</summary>
        public string? Add((string Left, string Right)? parts)
        {
            if (parts is not var (left, right))
                return "is not a pair of tokens";
            if (!vocabulary.TryGetValue(left, out var leftId))
                return "starts with a token that is not in the vocabulary";
            if (!vocabulary.TryGetValue(right, out var rightId))
                return "ends with a token that is not in the vocabulary";
            if (!vocabulary.TryGetValue(left + right, out var wholeId))
                return "makes a token that is not in the vocabulary";
            if (!_seen.Add((leftId, rightId)))
                return "occurs twice";
            Merges.Add(new Merge(left, right, leftId, rightId, wholeId));
            return null;
        }
    }
}
