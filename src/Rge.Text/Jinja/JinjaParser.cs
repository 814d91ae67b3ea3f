namespace Rge.Text.Jinja;

/// <summary>Parses the statements of a template.</summary>
internal sealed class JinjaParser
{
    private const int MaxTemplateLength = 1 << 18;

    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private JinjaParser(TokenReader tokens) => (_tokens, _expressions) = (tokens, new ExpressionParser(tokens));

    /// <summary>Parses a whole template.</summary>
    /// <exception cref="JinjaException">It is too long, malformed, or uses a tag that is not supported.</exception>
    public static IReadOnlyList<Statement> Parse(string template)
    {
        if (template.Length > MaxTemplateLength)
            throw new JinjaException($"the template has {template.Length} characters, expected at most {MaxTemplateLength}", 1);
        var parser = new JinjaParser(new TokenReader(JinjaLexer.Tokenize(template)));
        return parser.Body(out _);
    }

    /// <summary>Statements up to one of the tags named, whose name is consumed; with none named, up to the end of the template.</summary>
    private List<Statement> Body(out string end, params ReadOnlySpan<string> ends)
    {
        using var nested = _tokens.Nest();
        var body = new List<Statement>();
        while (true)
        {
            var token = _tokens.Next();
            switch (token.Kind)
            {
                case JinjaTokenKind.Data:
                    body.Add(new Statement.Data(TracedText.FromTemplate(token.Text), token.Line));
                    break;
                case JinjaTokenKind.OutputStart:
                    body.Add(new Statement.Output(_expressions.ParseTuple(), token.Line));
                    _tokens.Expect(JinjaTokenKind.OutputEnd, "}}");
                    break;
                case JinjaTokenKind.BlockStart:
                    end = _tokens.ExpectName();
                    if (ends.Contains(end))
                        return body;
                    body.Add(Tag(end, token.Line));
                    break;
                case JinjaTokenKind.End when ends.IsEmpty:
                    end = "";
                    return body;
                default:
                    throw TokenReader.Unexpected(token, $"{{% {ends[^1]} %}}");
            }
        }
    }

    private Statement Tag(string name, int line)
    {
        switch (name)
        {
            case "if":
                return If(line);
            case "for":
                return For(line);
            case "set":
                return Set(line);
            case "macro":
                return Macro(line);
            case "generation":
                EndTag();
                var body = Body(out _, "endgeneration");
                EndTag();
                return new Statement.Block(body, line);
            case "break" or "continue" when _loops > 0:
                EndTag();
                return new Statement.Jump(name == "break", line);
            default:
                throw new JinjaException($"the tag {{% {name} %}} is not supported here", line);
        }
    }

    private Statement.If If(int line)
    {
        var branches = new List<(Expression, IReadOnlyList<Statement>)>();
        while (true)
        {
            var condition = _expressions.ParseTuple();
            EndTag();
            branches.Add((condition, Body(out var end, "elif", "else", "endif")));
            if (end == "elif")
                continue;
            var otherwise = end == "else" ? Else("endif") : [];
            EndTag();
            return new Statement.If(branches, otherwise, line);
        }
    }

    private Statement.For For(int line)
    {
        var targets = Targets();
        _tokens.ExpectName("in");
        var items = _expressions.ParseUnconditional();
        var condition = _tokens.TakeName("if") ? _expressions.Parse() : null;
        EndTag();
        _loops++;
        var body = Body(out var end, "else", "endfor");
        _loops--;
        var otherwise = end == "else" ? Else("endfor") : [];
        EndTag();
        return new Statement.For(targets, items, condition, body, otherwise, line);
    }

    private List<Statement> Else(string end)
    {
        EndTag();
        return Body(out _, end);
    }

    private Statement Set(int line)
    {
        var targets = Targets();
        var attribute = targets.Count == 1 && _tokens.Take(".") ? _tokens.ExpectName() : null;
        if (_tokens.Take("="))
        {
            var value = _expressions.ParseTuple();
            EndTag();
            return attribute is null
                ? new Statement.Set(targets, value, line)
                : new Statement.SetAttribute(targets[0], attribute, value, line);
        }
        if (targets.Count > 1 || attribute is not null)
            throw TokenReader.Unexpected(_tokens.Current, "=");
        EndTag();
        var body = Body(out _, "endset");
        EndTag();
        return new Statement.Capture(targets[0], body, line);
    }

    private Statement.Macro Macro(int line)
    {
        var name = _tokens.ExpectName();
        _tokens.Expect("(");
        var parameters = new List<(string, Expression?)>();
        while (!_tokens.Take(")"))
        {
            if (parameters.Count > 0)
                _tokens.Expect(",");
            if (parameters.Count == ExpressionParser.MaxArguments)
                throw new JinjaException($"the macro {name} has more than {ExpressionParser.MaxArguments} parameters", line);
            parameters.Add((_tokens.ExpectName(), _tokens.Take("=") ? _expressions.Parse() : null));
        }
        EndTag();
        var loops = _loops;
        _loops = 0;
        var body = Body(out _, "endmacro");
        _loops = loops;
        EndTag();
        return new Statement.Macro(name, parameters, body, line);
    }

    private List<string> Targets()
    {
        var bracketed = _tokens.Take("(");
        var targets = new List<string> { _tokens.ExpectName() };
        while (_tokens.Take(","))
            targets.Add(_tokens.ExpectName());
        if (bracketed)
            _tokens.Expect(")");
        return targets;
    }

    private void EndTag() => _tokens.Expect(JinjaTokenKind.BlockEnd, "%}");
}
