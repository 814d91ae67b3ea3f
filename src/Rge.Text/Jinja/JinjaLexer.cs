using System.Globalization;
using System.Text;

namespace Rge.Text.Jinja;

/// <summary>
/// Cuts a template into tokens, with whitespace control as transformers sets it: <c>trim_blocks</c> and <c>lstrip_blocks</c> on.
/// </summary>
internal sealed class JinjaLexer
{
    // Looking a name up takes as long as the name, and is charged as one step.
    private const int MaxNameLength = 256;
    private const string Symbols = "+-/*%~<>=()[]{},.:|";
    private static readonly string[] LongSymbols = ["//", "==", "!=", "<=", ">="];

    private readonly string _source;
    private readonly List<JinjaToken> _tokens = [];
    private int _position;
    private int _line = 1;
    private int _lineFrom;

    private JinjaLexer(string source) => _source = source;

    /// <summary>The tokens of a template; the last is <see cref="JinjaTokenKind.End"/>.</summary>
    public static IReadOnlyList<JinjaToken> Tokenize(string template)
    {
        var source = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (source.EndsWith('\n'))
            source = source[..^1];
        var lexer = new JinjaLexer(source);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        while (_position < _source.Length)
        {
            var open = FindTag();
            AddData(open);
            if (open < 0)
                break;
            var kind = _source[open + 1];
            _position = open + 2;
            if (Current is '-' or '+' && kind != '#')
                _position++;
            if (kind == '#')
                SkipComment();
            else
                TagTokens(kind == '%');
        }
        Add(JinjaTokenKind.End, "", _source.Length);
    }

    private char Current => _position < _source.Length ? _source[_position] : '\0';

    private int FindTag()
    {
        for (var at = _position; (at = _source.IndexOf('{', at)) >= 0 && at + 1 < _source.Length; at++)
            if (_source[at + 1] is '{' or '%' or '#')
                return at;
        return -1;
    }

    /// <summary>Adds the text up to a tag, less what the tag strips from it.</summary>
    private void AddData(int open)
    {
        var end = open < 0 ? _source.Length : open;
        var (start, length) = (_position, end - _position);
        var sign = open >= 0 && open + 2 < _source.Length ? _source[open + 2] : '\0';
        if (open >= 0 && sign == '-')
        {
            while (length > 0 && PythonText.IsSpace(_source[start + length - 1]))
                length--;
        }
        else if (open >= 0 && sign != '+' && _source[open + 1] != '{')
        {
            // Blanks between the start of the line and a block or comment.
            var blanks = length;
            while (blanks > 0 && _source[start + blanks - 1] != '\n' && PythonText.IsSpace(_source[start + blanks - 1]))
                blanks--;
            if (start + blanks == 0 || _source[start + blanks - 1] == '\n')
                length = blanks;
        }
        if (length > 0)
            Add(JinjaTokenKind.Data, _source.Substring(start, length), start);
        _position = end;
    }

    private void SkipComment()
    {
        var end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
            throw Error("a comment is not closed");
        _position = end;
        Close(_source[end - 1], trimsNewline: true);
    }

    /// <summary>Steps over the two characters that close a tag and over the whitespace that they strip.</summary>
    private void Close(char sign, bool trimsNewline)
    {
        _position += 2;
        if (sign == '-')
        {
            while (PythonText.IsSpace(Current))
                _position++;
        }
        else if (trimsNewline && sign != '+' && Current == '\n')
        {
            _position++;
        }
    }

    private void TagTokens(bool isBlock)
    {
        Add(isBlock ? JinjaTokenKind.BlockStart : JinjaTokenKind.OutputStart, isBlock ? "{%" : "{{", _position);
        var (close, brackets) = (isBlock ? "%}" : "}}", 0);
        while (true)
        {
            while (PythonText.IsSpace(Current))
                _position++;
            var sign = brackets == 0 && Current is '-' or '+' && At(close, _position + 1) ? Current : '\0';
            if (brackets == 0 && (sign != '\0' || At(close, _position)))
            {
                Add(isBlock ? JinjaTokenKind.BlockEnd : JinjaTokenKind.OutputEnd, close, _position);
                if (sign != '\0')
                    _position++;
                Close(sign, isBlock);
                return;
            }
            if (_position >= _source.Length)
                throw Error($"a tag is not closed with {close}");
            brackets += ExpressionToken();
        }
    }

    /// <summary>Adds one token of an expression and returns how many brackets it opens (1), or closes (-1).</summary>
    private int ExpressionToken()
    {
        var (start, c) = (_position, Current);
        if (char.IsAsciiLetter(c) || c == '_')
        {
            while (char.IsAsciiLetterOrDigit(Current) || Current == '_')
                _position++;
            if (_position - start > MaxNameLength)
                throw Error($"a name has {_position - start} characters, expected at most {MaxNameLength}");
            Add(JinjaTokenKind.Name, _source[start.._position], start);
        }
        else if (char.IsAsciiDigit(c))
        {
            while (char.IsAsciiDigit(Current))
                _position++;
            var fraction = Current == '.' && _position + 1 < _source.Length && char.IsAsciiDigit(_source[_position + 1]);
            if (fraction)
                _position++;
            while (fraction && char.IsAsciiDigit(Current))
                _position++;
            Add(fraction ? JinjaTokenKind.Float : JinjaTokenKind.Integer, _source[start.._position], start);
        }
        else if (c is '"' or '\'')
        {
            Add(JinjaTokenKind.String, StringLiteral(c), start);
        }
        else
        {
            var symbol = LongSymbols.FirstOrDefault(s => At(s, start))
                ?? (Symbols.Contains(c, StringComparison.Ordinal) ? c.ToString() : null);
            if (symbol is null)
                throw Error($"unexpected character \"{c}\"");
            _position += symbol.Length;
            Add(JinjaTokenKind.Operator, symbol, start);
            return symbol is "(" or "[" or "{" ? 1
                : symbol is ")" or "]" or "}" ? -1
                : 0;
        }
        return 0;
    }

    private string StringLiteral(char quote)
    {
        var text = new StringBuilder();
        for (_position++; Current != quote; _position++)
        {
            if (_position >= _source.Length)
                throw Error("a string is not closed");
            if (Current != '\\')
            {
                text.Append(Current);
                continue;
            }
            _position++;
            if (Current is 'u' or 'x')
            {
                var digits = Current == 'u' ? 4 : 2;
                if (
                    _position + digits >= _source.Length
                    || !ushort.TryParse(
                        _source.AsSpan(_position + 1, digits),
                        NumberStyles.AllowHexSpecifier,
                        CultureInfo.InvariantCulture,
                        out var code
                    )
                )
                    throw Error("a string has a broken escape");
                text.Append((char)code);
                _position += digits;
                continue;
            }
            text.Append(
                Current switch
                {
                    'n' => "\n",
                    't' => "\t",
                    'r' => "\r",
                    'b' => "\b",
                    'f' => "\f",
                    '\\' => "\\",
                    '\'' => "'",
                    '"' => "\"",
                    '\n' => "",
                    var other => $"\\{other}",
                }
            );
        }
        _position++;
        return text.ToString();
    }

    private bool At(string text, int position) => string.CompareOrdinal(_source, position, text, 0, text.Length) == 0;

    private void Add(JinjaTokenKind kind, string text, int start)
    {
        for (; _lineFrom < start; _lineFrom++)
            if (_source[_lineFrom] == '\n')
                _line++;
        _tokens.Add(new JinjaToken(kind, text, _line));
    }

    private JinjaException Error(string problem) => new(problem, 1 + _source.AsSpan(0, Math.Min(_position, _source.Length)).Count('\n'));
}
