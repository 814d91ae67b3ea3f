using System.Text.Json.Nodes;
using Rge.Files;

namespace Rge.Text;

/// <summary>Writes the tokenizer files of a byte-level BPE vocabulary, as transformers and this library read them.</summary>
public static class BytePairFiles
{
    /// <summary>The special tokens of the Qwen-VL family in the order of their ids, then <c>&lt;emb&gt;</c>.</summary>
    public static IReadOnlyList<string> SpecialTokens { get; } = [.. AddedTokenFiles.Usual[..AddedTokenFiles.FamilyTokens], "<emb>"];

    /// <summary>Writes tokenizer.json and tokenizer_config.json. Ids: the 256 bytes, then one a merge, then the special tokens.</summary>
    /// <param name="folder">The checkpoint folder; must exist.</param>
    /// <param name="merges">Pairs of tokens (in byte characters), by priority; both parts must exist by then.</param>
    /// <param name="tokenizerClass">The class that transformers is to load, which decides how text is cut into words.</param>
    public static void Write(string folder, IReadOnlyList<(string Left, string Right)> merges, string tokenizerClass = "Qwen2Tokenizer")
    {
        ArgumentNullException.ThrowIfNull(merges);
        var vocabulary = new Dictionary<string, int>(256 + merges.Count, StringComparer.Ordinal);
        var characters = Enumerable.Range(0, 256).Select(b => ByteAlphabet.Character((byte)b)).Order();
        foreach (var character in characters)
            vocabulary.Add(character.ToString(), vocabulary.Count);
        foreach (var (left, right) in merges)
            vocabulary.Add(left + right, vocabulary.Count);
        var definition = new TokenizerDefinition(
            vocabulary,
            [
                .. merges.Select(pair => new Merge(
                    pair.Left,
                    pair.Right,
                    vocabulary[pair.Left],
                    vocabulary[pair.Right],
                    vocabulary[pair.Left + pair.Right]
                )),
            ],
            WordSplitter.PatternOf(tokenizerClass),
            Normalizes: true,
            [.. SpecialTokens.Select((token, i) => new AddedToken(token, vocabulary.Count + i))]
        );
        AtomicFile.WriteJson(Path.Combine(folder, TokenizerFiles.Tokenizer), TokenizerWriter.Describe(definition));
        AtomicFile.WriteJson(
            Path.Combine(folder, TokenizerFiles.Config),
            new JsonObject
            {
                ["tokenizer_class"] = tokenizerClass,
                ["eos_token"] = "<|im_end|>",
                ["pad_token"] = "<|endoftext|>",
                ["extra_special_tokens"] = new JsonArray([.. SpecialTokens.Skip(1).Select(t => (JsonNode)t)]),
                ["model_max_length"] = 131072,
            }
        );
    }

    /// <summary>
    /// Merges that build lower-case letter strings, with and without a space before them, the short ones first: a stand-in vocabulary of
    /// any size for models that were never trained.
    /// </summary>
    public static IReadOnlyList<(string Left, string Right)> LetterMerges(int count)
    {
        var space = ByteAlphabet.Character((byte)' ').ToString();
        var letters = Enumerable.Range('a', 26).Select(c => ((char)c).ToString()).ToArray();
        var merges = new List<(string, string)>(count);
        foreach (var letter in letters)
            merges.Add((space, letter));
        for (var longer = letters; merges.Count < count; longer = [.. longer.SelectMany(word => letters.Select(letter => word + letter))])
            foreach (var prefix in (string[])["", space])
            foreach (var word in longer)
            foreach (var letter in letters)
                if (merges.Count < count)
                    merges.Add((prefix + word, letter));
        return merges.Count > count ? merges[..count] : merges;
    }
}
