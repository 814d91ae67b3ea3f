using System.Globalization;
using System.Text;

namespace Rge.Text.Jinja;

/// <summary>
/// Parses expressions with Jinja's precedence: if-else, or, and, not, comparison, + -, ~, * / // %, sign, postfix, filters.
/// </summary>
internal sealed class ExpressionParser(TokenReader tokens)
{
    /// <summary>Most arguments of a call, and parameters of a macro: each named argument is looked for among the parameters.</summary>
    public const int MaxArguments = 256;

    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>An expression.</summary>
    public Expression Parse()
    {
        using var nested = tokens.Nest();
        var value = Or();
        while (tokens.Current.IsName("if"))
        {
            var line = tokens.Next().Line;
            var condition = Or();
            value = new Expression.Conditional(condition, value, tokens.TakeName("else") ? Parse() : null, line);
        }
        return value;
    }

    /// <summary>An expression that ends before <c>if</c>: what a loop runs over.</summary>
    public Expression ParseUnconditional() => ListIfComma(Or(), Or);

    /// <summary>An expression, or several with commas between them, which make a list.</summary>
    public Expression ParseTuple() => ListIfComma(Parse(), Parse);

    private Expression ListIfComma(Expression first, Func<Expression> parse)
    {
        if (!tokens.Current.Is(","))
            return first;
        var items = new List<Expression> { first };
        while (tokens.Take(",") && StartsExpression())
            items.Add(parse());
        return new Expression.ListOf(items, first.Line);
    }

    private bool StartsExpression() =>
        tokens.Current is { Kind: JinjaTokenKind.Name or JinjaTokenKind.Integer or JinjaTokenKind.Float or JinjaTokenKind.String }
        || tokens.Current is { Kind: JinjaTokenKind.Operator, Text: "(" or "[" or "{" or "-" or "+" };

    private Expression Or() => LeftToRight(And, "or");

    private Expression And() => LeftToRight(Not, "and");

    private Expression LeftToRight(Func<Expression> operand, string word)
    {
        var left = operand();
        while (tokens.Current.IsName(word))
            left = new Expression.Binary(word, left, Then(operand), left.Line);
        return left;
    }

    private Expression Not()
    {
        if (!tokens.Current.IsName("not"))
            return Comparison();
        using var nested = tokens.Nest();
        var line = tokens.Next().Line;
        return new Expression.Unary("not", Not(), line);
    }

    private Expression Comparison()
    {
        var first = Sum();
        var rest = new List<(string, Expression)>();
        while (ComparisonOperator() is { } symbol)
            rest.Add((symbol, Sum()));
        return rest.Count == 0 ? first : new Expression.Comparison(first, rest, first.Line);
    }

    private string? ComparisonOperator()
    {
        if (Comparisons.FirstOrDefault(tokens.Take) is { } symbol)
            return symbol;
        if (tokens.TakeName("in"))
            return "in";
        if (!tokens.Current.IsName("not"))
            return null;
        tokens.Next();
        tokens.ExpectName("in");
        return "not in";
    }

    private Expression Sum() => Operators(Concatenation, "+", "-");

    private Expression Concatenation() => Operators(Product, "~");

    private Expression Product() => Operators(() => Signed(), "*", "/", "//", "%");

    private Expression Operators(Func<Expression> operand, params string[] symbols)
    {
        var left = operand();
        while (symbols.FirstOrDefault(tokens.Current.Is) is { } symbol)
            left = new Expression.Binary(symbol, left, Then(operand), left.Line);
        return left;
    }

    private Expression Then(Func<Expression> operand)
    {
        tokens.Next();
        return operand();
    }

    private Expression Signed(bool withFilters = true)
    {
        using var nested = tokens.Nest();
        var token = tokens.Current;
        var value =
            tokens.Take("-") ? new Expression.Unary("-", Signed(withFilters: false), token.Line)
            : tokens.Take("+") ? new Expression.Unary("+", Signed(withFilters: false), token.Line)
            : Postfix(Primary());
        return withFilters ? FiltersAndTests(value) : value;
    }

    private Expression Primary()
    {
        var token = tokens.Next();
        return token switch
        {
            { Kind: JinjaTokenKind.Name } => Word(token),
            { Kind: JinjaTokenKind.String } => Strings(token),
            { Kind: JinjaTokenKind.Integer } => long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var whole)
                ? new Expression.Literal(whole, token.Line)
                : throw new JinjaException($"the number {token.Text} is too large", token.Line),
            { Kind: JinjaTokenKind.Float } => new Expression.Literal(double.Parse(token.Text, CultureInfo.InvariantCulture), token.Line),
            _ when token.Is("(") => Bracketed(token.Line),
            _ when token.Is("[") => new Expression.ListOf(Items("]"), token.Line),
            _ when token.Is("{") => Map(token.Line),
            _ => throw TokenReader.Unexpected(token, "a value"),
        };
    }

    private static Expression Word(JinjaToken token) =>
        token.Text switch
        {
            "true" or "True" => new Expression.Literal(true, token.Line),
            "false" or "False" => new Expression.Literal(false, token.Line),
            "none" or "None" => new Expression.Literal(null, token.Line),
            "and" or "or" or "in" or "is" or "if" or "else" => throw TokenReader.Unexpected(token, "a value"),
            _ => new Expression.Name(token.Text, token.Line),
        };

    private Expression.Literal Strings(JinjaToken token)
    {
        var text = new StringBuilder(token.Text);
        while (tokens.Current.Kind == JinjaTokenKind.String)
            text.Append(tokens.Next().Text);
        return new Expression.Literal(TracedText.FromTemplate(text.ToString()), token.Line);
    }

    private Expression Bracketed(int line)
    {
        if (tokens.Take(")"))
            return new Expression.ListOf([], line);
        var value = ParseTuple();
        tokens.Expect(")");
        return value;
    }

    private List<Expression> Items(string close)
    {
        var items = new List<Expression>();
        while (!tokens.Take(close))
        {
            if (items.Count > 0)
                tokens.Expect(",");
            if (tokens.Take(close))
                break;
            items.Add(Parse());
        }
        return items;
    }

    private Expression.MapOf Map(int line)
    {
        var items = new List<(Expression, Expression)>();
        while (!tokens.Take("}"))
        {
            if (items.Count > 0)
                tokens.Expect(",");
            if (tokens.Take("}"))
                break;
            var key = Parse();
            tokens.Expect(":");
            items.Add((key, Parse()));
        }
        return new Expression.MapOf(items, line);
    }

    private Expression Postfix(Expression value)
    {
        while (true)
        {
            var line = tokens.Current.Line;
            if (tokens.Take("."))
                value =
                    tokens.Current.Kind == JinjaTokenKind.Integer
                        ? new Expression.Item(value, Primary(), line)
                        : new Expression.Attribute(value, tokens.ExpectName(), line);
            else if (tokens.Take("["))
                value = Subscript(value, line);
            else if (tokens.Current.Is("("))
                value = new Expression.Call(value, Arguments(), line);
            else
                return value;
        }
    }

    private Expression Subscript(Expression target, int line)
    {
        var bounds = new List<Expression?> { null };
        while (!tokens.Take("]"))
        {
            if (tokens.Take(":") && bounds.Count < 3)
                bounds.Add(null);
            else if (bounds[^1] is null)
                bounds[^1] = Parse();
            else
                throw TokenReader.Unexpected(tokens.Current, "]");
        }
        return bounds switch
        {
            [{ } index] => new Expression.Item(target, index, line),
            [var start, var stop] => new Expression.Slice(target, start, stop, null, line),
            [var start, var stop, var step] => new Expression.Slice(target, start, stop, step, line),
            _ => throw new JinjaException("empty brackets", line),
        };
    }

    private Expression FiltersAndTests(Expression value)
    {
        while (true)
        {
            var line = tokens.Current.Line;
            if (tokens.Take("|"))
            {
                value = new Expression.Filter(value, tokens.ExpectName(), OptionalArguments(), line);
            }
            else if (tokens.TakeName("is"))
            {
                var negated = tokens.TakeName("not");
                value = new Expression.Test(value, tokens.ExpectName(), TestArguments(), line);
                if (negated)
                    value = new Expression.Unary("not", value, line);
            }
            else if (tokens.Current.Is("("))
            {
                value = new Expression.Call(value, Arguments(), line);
            }
            else
            {
                return value;
            }
        }
    }

    private Expression.ArgumentList OptionalArguments() => tokens.Current.Is("(") ? Arguments() : Expression.ArgumentList.None;

    /// <summary>A test takes its arguments in brackets, or one without.</summary>
    private Expression.ArgumentList TestArguments()
    {
        if (tokens.Current.Is("("))
            return Arguments();
        var isArgument =
            StartsExpression()
            && !tokens.Current.Is("-")
            && !tokens.Current.Is("+")
            && tokens.Current is not { Kind: JinjaTokenKind.Name, Text: "else" or "or" or "and" or "if" or "is" or "in" or "not" };
        return isArgument ? new([Postfix(Primary())], []) : Expression.ArgumentList.None;
    }

    private Expression.ArgumentList Arguments()
    {
        using var nested = tokens.Nest();
        tokens.Expect("(");
        var (positional, named) = (new List<Expression>(), new List<(string, Expression)>());
        while (!tokens.Take(")"))
        {
            if (positional.Count + named.Count > 0)
                tokens.Expect(",");
            if (tokens.Take(")"))
                break;
            if (positional.Count + named.Count == MaxArguments)
                throw new JinjaException($"more than {MaxArguments} arguments are given", tokens.Current.Line);
            var value = Parse();
            if (value is Expression.Name name && tokens.Take("="))
                named.Add((name.Id, Parse()));
            else if (named.Count == 0)
                positional.Add(value);
            else
                throw new JinjaException("an argument without a name follows one with a name", value.Line);
        }
        return new(positional, named);
    }
}
