namespace Rge.Text.Jinja;

/// <summary>Walks through the tokens of a template and counts how deep the parser is nested.</summary>
internal sealed class TokenReader(IReadOnlyList<JinjaToken> tokens)
{
    private const int MaxNesting = 100;

    private int _position;
    private int _nesting;

    /// <summary>The next token, not yet taken.</summary>
    public JinjaToken Current => tokens[_position];

    /// <summary>Takes a token. The end is never passed.</summary>
    public JinjaToken Next() => tokens[_position < tokens.Count - 1 ? _position++ : _position];

    /// <summary>Enters a nested construct, which ends with the disposal of what is returned.</summary>
    /// <exception cref="JinjaException">The nesting is too deep.</exception>
    public Nesting Nest() =>
        ++_nesting <= MaxNesting
            ? new Nesting(this)
            : throw new JinjaException($"the template is nested more than {MaxNesting} levels deep", Current.Line);

    /// <summary>Takes an operator if it is the next token.</summary>
    public bool Take(string symbol) => TakeIf(Current.Is(symbol));

    /// <summary>Takes a name if it is the next token.</summary>
    public bool TakeName(string name) => TakeIf(Current.IsName(name));

    public void Expect(string symbol)
    {
        if (!Take(symbol))
            throw Unexpected(Current, symbol);
    }

    public void ExpectName(string name)
    {
        if (!TakeName(name))
            throw Unexpected(Current, name);
    }

    public string ExpectName() => Current.Kind == JinjaTokenKind.Name ? Next().Text : throw Unexpected(Current, "a name");

    public void Expect(JinjaTokenKind kind, string shown)
    {
        if (Current.Kind != kind)
            throw Unexpected(Current, shown);
        Next();
    }

    public static JinjaException Unexpected(JinjaToken token, string expected) => new($"found {token}, expected {expected}", token.Line);

    private bool TakeIf(bool isNext)
    {
        if (isNext)
            Next();
        return isNext;
    }

    /// <summary>Leaves a nested construct when disposed of.</summary>
    public readonly ref struct Nesting(TokenReader reader)
    {
        public void Dispose() => reader._nesting--;
    }
}
