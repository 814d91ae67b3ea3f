using System.Text;
using Microsoft.ML.Tokenizers;

namespace Rge.Text;

/// <summary>The part of a tokenizer below its added tokens: normalize, cut into words, merge bytes. Immutable and thread-safe.</summary>
internal sealed class BytePairModel
{
    // Words up to here go to the library; see LongWordEncoder for why longer ones do not.
    internal const int LongWord = 512;

    private readonly WordSplitter _splitter;
    private readonly BpeTokenizer _library;
    private readonly Lazy<LongWordEncoder> _longWords;
    private readonly string?[] _tokens;
    private readonly bool _normalizes;

    public BytePairModel(TokenizerDefinition definition)
    {
        Definition = definition;
        _splitter = new WordSplitter(definition.Pattern);
        _normalizes = definition.Normalizes;
        _library = BpeTokenizer.Create(
            new BpeOptions(definition.Vocabulary)
            {
                Merges = definition.Merges.Select(merge => $"{merge.Left} {merge.Right}"),
                ByteLevel = true,
            }
        );
        _longWords = new(() =>
            new LongWordEncoder(
                [.. Enumerable.Range(0, 256).Select(b => definition.Vocabulary[ByteAlphabet.Character((byte)b).ToString()])],
                definition.Merges
            )
        );
        _tokens = new string?[definition.Vocabulary.Values.Max() + 1];
        foreach (var (token, id) in definition.Vocabulary)
            _tokens[id] = token;
    }

    public TokenizerDefinition Definition { get; }

    /// <summary>The highest id, plus one.</summary>
    public int Size => _tokens.Length;

    /// <summary>The token of an id in the byte alphabet, or null.</summary>
    public string? this[int id] => (uint)id < (uint)_tokens.Length ? _tokens[id] : null;

    /// <summary>Appends the ids of a text in which nothing is looked for. Lone surrogates count as U+FFFD.</summary>
    public void Encode(string text, List<int> ids)
    {
        if (text.Length == 0)
            return;
        var normal = WellFormed(text);
        if (_normalizes)
            normal = Nfc.Normalize(normal);
        _splitter.Split(normal, (start, length) =>
        {
            var word = normal.AsSpan(start, length);
            if (length <= LongWord)
                ids.AddRange(_library.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
            else
                _longWords.Value.Encode(word, ids);
        });
    }

    private static string WellFormed(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return text;
        var whole = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            whole.Append(rune.ToString());
        return whole.ToString();
    }
}
