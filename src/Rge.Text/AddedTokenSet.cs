using System.Buffers;
using System.Diagnostics;

namespace Rge.Text;

/// <summary>The added tokens of a tokenizer, and the search for them. Immutable and thread-safe.</summary>
internal sealed class AddedTokenSet
{
    private readonly Dictionary<string, AddedToken>.AlternateLookup<ReadOnlySpan<char>> _byContent;
    private readonly Dictionary<int, AddedToken> _byId;
    private readonly SearchValues<string> _contents;
    private readonly int[] _lengths;

    public AddedTokenSet(IEnumerable<AddedToken> tokens)
    {
        Tokens = [.. tokens.OrderBy(token => token.Id)];
        Ids = Tokens.ToDictionary(token => token.Content, token => token.Id, StringComparer.Ordinal);
        _byId = Tokens.ToDictionary(token => token.Id);
        _byContent = Tokens.ToDictionary(token => token.Content, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        _contents = SearchValues.Create([.. Ids.Keys], StringComparison.Ordinal);
        _lengths = [.. Tokens.Select(token => token.Content.Length).Distinct().OrderDescending()];
    }

    /// <summary>The tokens, by ascending id.</summary>
    public IReadOnlyList<AddedToken> Tokens { get; }

    /// <summary>Id of each token's content.</summary>
    public IReadOnlyDictionary<string, int> Ids { get; }

    /// <summary>The token of an id, or null.</summary>
    public AddedToken? this[int id] => _byId.GetValueOrDefault(id);

    /// <summary>The first token in the text; of those that begin there, the longest. Start -1 and null when there is none.</summary>
    public (int Start, AddedToken? Token) Find(ReadOnlySpan<char> text)
    {
        var start = Tokens.Count == 0 ? -1 : text.IndexOfAny(_contents);
        if (start < 0)
            return (-1, null);
        var rest = text[start..];
        foreach (var length in _lengths)
            if (length <= rest.Length && _byContent.TryGetValue(rest[..length], out var token))
                return (start, token);
        throw new UnreachableException();
    }
}
