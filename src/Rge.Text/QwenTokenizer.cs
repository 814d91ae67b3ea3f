using System.Buffers;
using System.Text;
using Rge.Files;

namespace Rge.Text;

/// <summary>The byte-level tokenizer of a Qwen checkpoint. Immutable and thread-safe.</summary>
/// <remarks>
/// Ids equal those of the reference tokenizer: Unicode normalization form C, the split pattern of the checkpoint, byte-pair merges
/// (Microsoft.ML.Tokenizers), and added tokens found in the text before anything else. Where the reference searches for some added tokens
/// only after normalizing, all are searched before. Post-processors are not applied: prompts come from a template.
/// </remarks>
public sealed class QwenTokenizer
{
    private readonly BytePairModel _model;
    private readonly AddedTokenSet _added;
    private readonly string _folder;
    private readonly bool _isChanged;

    private QwenTokenizer(BytePairModel model, AddedTokenSet added, string folder, bool isChanged) =>
        (_model, _added, _folder, _isChanged) = (model, added, folder, isChanged);

    /// <summary>The highest id, plus one. The model's embedding may have more rows than that.</summary>
    public int VocabularySize => _added.Tokens is [.., var last] ? Math.Max(_model.Size, last.Id + 1) : _model.Size;

    /// <summary>
    /// Bytes of the longest token, so that a text has at least its bytes divided by this many tokens once it is normalized.
    /// </summary>
    public int LongestToken =>
        _model.Definition.Vocabulary.Keys.Select(token => token.Length).Concat(_added.Ids.Keys.Select(Encoding.UTF8.GetByteCount)).Max();

    /// <summary>Id of every token that is found in trusted text as it stands, control tokens and others.</summary>
    public IReadOnlyDictionary<string, int> SpecialTokens => _added.Ids;

    /// <summary>
    /// Loads the tokenizer of a checkpoint folder: tokenizer.json, or vocab.json and merges.txt; and the tokens that tokenizer_config.json,
    /// added_tokens.json and special_tokens_map.json add.
    /// </summary>
    /// <exception cref="CheckpointException">A file is missing, malformed or contradictory, or requires something that is not
    /// supported.</exception>
    public static QwenTokenizer Load(string folder)
    {
        var definition = Read(folder);
        return new QwenTokenizer(new BytePairModel(definition), new AddedTokenSet(definition.AddedTokens), folder, isChanged: false);
    }

    /// <summary>What <see cref="SpecialTokens"/> is of the tokenizer in a folder, which takes less than to load it.</summary>
    /// <inheritdoc cref="Load" path="/exception"/>
    public static IReadOnlyDictionary<string, int> ReadSpecialTokens(string folder) =>
        Read(folder).AddedTokens.ToDictionary(token => token.Content, token => token.Id, StringComparer.Ordinal);

    private static TokenizerDefinition Read(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        try
        {
            return TokenizerFiles.Read(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"The tokenizer in {folder} cannot be read: {FileProblem.Of(folder, e)}.", e);
        }
    }

    /// <summary>Whether a folder has a tokenizer of its own.</summary>
    public static bool IsIn(string folder) => TokenizerFiles.IsIn(folder);

    /// <summary>Finds the id of a token: a special one by its text, another in the spelling of vocab.json ("Ġthe").</summary>
    public bool TryGetToken(string token, out int id) =>
        _added.Ids.TryGetValue(token, out id) || _model.Definition.Vocabulary.TryGetValue(token, out id);

    /// <summary>The token of an id: the text of a special one, the spelling of vocab.json otherwise.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No token has this id.</exception>
    public string Token(int id) =>
        _added[id]?.Content ?? _model[id] ?? throw new ArgumentOutOfRangeException(nameof(id), id, "No token has this id.");

    /// <summary>Encodes text.</summary>
    /// <param name="text">Any text; a lone surrogate counts as U+FFFD.</param>
    /// <param name="allowSpecialTokens">Whether special tokens written in the text become their ids, or are encoded as plain text.</param>
    /// <exception cref="CheckpointException">The split pattern of the checkpoint takes seconds on this text (never Qwen's own).</exception>
    public int[] Encode(string text, bool allowSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Encode(PromptText.Create([new PromptSegment(text, allowSpecialTokens)]));
    }

    /// <summary>
    /// Encodes a prompt: special tokens count inside its trusted text only, everything else merges as in the joined text.
    /// </summary>
    /// <inheritdoc cref="Encode(string, bool)" path="/exception"/>
    public int[] Encode(PromptText prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        var text = prompt.ToString();
        var ids = new List<int>(text.Length / 3);
        var (encoded, end) = (0, 0);
        foreach (var segment in prompt.Segments)
        {
            end += segment.Text.Length;
            if (!segment.IsTrusted)
                continue;
            var from = end - segment.Text.Length;
            while (_added.Find(text.AsSpan(from, end - from)) is (var start, { } token))
            {
                _model.Encode(text[encoded..(from + start)], ids);
                ids.Add(token.Id);
                encoded = from = from + start + token.Content.Length;
            }
        }
        _model.Encode(text[encoded..], ids);
        return [.. ids];
    }

    /// <summary>The text of ids. Incomplete UTF-8 becomes U+FFFD; ids that no token has give nothing, as in the reference.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecialTokens">Whether control tokens are left out.</param>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var bytes = new ArrayBufferWriter<byte>();
        foreach (var id in ids)
            bytes.Write(Bytes(id, skipSpecialTokens));
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>A tokenizer that has one more special token, with the next free id; this one when it has the token already.</summary>
    /// <remarks>A token that so far was an ordinary one of the vocabulary keeps its id and is found whole from now on.</remarks>
    public QwenTokenizer WithToken(string token)
    {
        ArgumentException.ThrowIfNullOrEmpty(token);
        if (_added.Ids.ContainsKey(token))
            return this;
        var id = _model.Definition.Vocabulary.TryGetValue(token, out var known) ? known : VocabularySize;
        return new QwenTokenizer(_model, new AddedTokenSet([.. _added.Tokens, new AddedToken(token, id)]), _folder, isChanged: true);
    }

    /// <summary>Writes the tokenizer into a folder such that this library and transformers load it.</summary>
    /// <remarks>
    /// The files it was loaded from are copied unchanged; when tokens were added, tokenizer.json (made from vocab.json and merges.txt
    /// where there was none) and tokenizer_config.json are written again with them. The folder it was loaded from must still exist.
    /// </remarks>
    /// <exception cref="CheckpointException">The files cannot be copied or written.</exception>
    public void Save(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        try
        {
            Directory.CreateDirectory(folder);
            if (_isChanged)
                TokenizerWriter.Write(_folder, folder, _model.Definition, _added.Tokens);
            else
                TokenizerWriter.Copy(_folder, folder, TokenizerFiles.All);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"The tokenizer of {_folder} cannot be written to {folder}: {FileProblem.Of(folder, e)}.", e);
        }
    }

    /// <summary>The bytes that an id adds to a text.</summary>
    internal byte[] Bytes(int id, bool skipSpecialTokens) =>
        _added[id] switch
        {
            { Special: true } when skipSpecialTokens => [],
            { } token => Encoding.UTF8.GetBytes(token.Content),
            null => _model[id] is { } token ? ByteAlphabet.ToBytes(token) : [],
        };
}
