using System.Text.Json.Nodes;
using Rge.Tests.Shared;

namespace Rge.Text.Tests;

/// <summary>A byte-level tokenizer of a few merges, written out as checkpoints have it.</summary>
internal static class TinyTokenizer
{
    /// <summary>
    /// Merges in the byte alphabet, most urgent first. The words "the", "then", "image", " a" and double newlines become one token.
    /// </summary>
    public static readonly string[] Merges =
    [
        "Ġ Ġ",
        "t h",
        "th e",
        "Ġ the",
        "the n",
        "Ċ Ċ",
        "i m",
        "a g",
        "ag e",
        "im age",
        "Ġ a",
        "x x",
        "xx xx",
        "xxxx xxxx",
        "Ã ©",
        "å Ľ",
        "åĽ ½",
        "' s",
    ];

    /// <summary>Ids 0 to 255 are the bytes, then come the results of the merges.</summary>
    public static JsonObject Vocabulary()
    {
        var vocabulary = new JsonObject();
        for (var b = 0; b < 256; b++)
            vocabulary[ByteAlphabet.Character((byte)b).ToString()] = b;
        foreach (var merge in Merges)
            vocabulary[merge.Replace(" ", "", StringComparison.Ordinal)] = vocabulary.Count;
        return vocabulary;
    }

    /// <summary>Writes vocab.json and merges.txt.</summary>
    public static ScratchFolder WithVocabulary(this ScratchFolder folder) =>
        folder.With("vocab.json", Vocabulary().ToJsonString()).With("merges.txt", "#version: 0.2\n" + string.Join('\n', Merges) + "\n");

    /// <summary>Writes tokenizer.json with the usual control tokens, changed as a test wishes.</summary>
    public static ScratchFolder WithTokenizer(this ScratchFolder folder, Action<JsonObject>? change = null)
    {
        using var source = new ScratchFolder();
        using var made = new ScratchFolder();
        QwenTokenizer.Load(source.WithVocabulary().Path).WithToken("<emb>").Save(made.Path);
        var json = JsonNode.Parse(File.ReadAllText(made["tokenizer.json"]))!.AsObject();
        change?.Invoke(json);
        return folder.With("tokenizer.json", json.ToJsonString());
    }

    /// <summary>Loads a tokenizer with the usual control tokens and &lt;emb&gt;.</summary>
    public static QwenTokenizer Load()
    {
        using var folder = new ScratchFolder();
        return QwenTokenizer.Load(folder.WithVocabulary().Path).WithToken("<emb>");
    }
}
