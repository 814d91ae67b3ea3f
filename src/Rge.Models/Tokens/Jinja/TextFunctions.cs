namespace Rge.Models.Tokens.Jinja;

/// <summary>The methods of strings. Each piece of a result keeps its origin.</summary>
internal static class TextFunctions
{
    /// <summary>What computes a method.</summary>
    public delegate object? Method(TracedText text, Arguments arguments, RenderBudget budget);

    private static readonly Dictionary<string, Method> Methods = new(StringComparer.Ordinal)
    {
        ["upper"] = (text, _, _) => text.Map(char.ToUpperInvariant),
        ["lower"] = (text, _, _) => text.Map(char.ToLowerInvariant),
        ["capitalize"] = (text, _, _) => Capitalize(text),
        ["strip"] = (text, arguments, _) => Strip(text, arguments, atStart: true, atEnd: true),
        ["lstrip"] = (text, arguments, _) => Strip(text, arguments, atStart: true, atEnd: false),
        ["rstrip"] = (text, arguments, _) => Strip(text, arguments, atStart: false, atEnd: true),
        ["startswith"] = (text, arguments, _) => Affixes(arguments).Any(affix => text.Value.StartsWith(affix, StringComparison.Ordinal)),
        ["endswith"] = (text, arguments, _) => Affixes(arguments).Any(affix => text.Value.EndsWith(affix, StringComparison.Ordinal)),
        ["removeprefix"] = (text, arguments, _) => Affixes(arguments)[0] is var affix && text.Value.StartsWith(affix, StringComparison.Ordinal)
            ? text.Slice(affix.Length, text.Length - affix.Length) : text,
        ["removesuffix"] = (text, arguments, _) => Affixes(arguments)[0] is var affix && text.Value.EndsWith(affix, StringComparison.Ordinal)
            ? text.Slice(0, text.Length - affix.Length) : text,
        ["find"] = (text, arguments, _) => (long)text.Value.IndexOf(Affixes(arguments)[0], StringComparison.Ordinal),
        ["split"] = Split,
        ["splitlines"] = (text, arguments, budget) => SplitLines(text, arguments, budget),
        ["replace"] = Replace,
        ["join"] = (text, arguments, budget) => Join(TemplateValue.Entries(arguments.Bind("items")[0], budget), text, budget),
    };

    /// <summary>A method by its name, or null.</summary>
    public static Method? Find(string name) => Methods.GetValueOrDefault(name);

    /// <summary>Texts with a separator between them.</summary>
    public static TracedText Join(IReadOnlyList<object?> items, TracedText separator, RenderBudget budget)
    {
        var joined = new TracedTextBuilder(budget);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) joined.Append(separator);
            joined.Append(TemplateValue.ToText(items[i]));
        }
        return joined.ToText();
    }

    private static TracedText Capitalize(TracedText text)
    {
        var first = true;
        return text.Map(c =>
        {
            var changed = first ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c);
            first = false;
            return changed;
        });
    }

    private static TracedText Strip(TracedText text, Arguments arguments, bool atStart, bool atEnd)
    {
        var characters = arguments.Bind("chars")[0] is TracedText given ? given.Value : null;
        var (start, end) = (0, text.Length);
        while (atStart && start < end && IsStripped(text.Value[start])) start++;
        while (atEnd && end > start && IsStripped(text.Value[end - 1])) end--;
        return text.Slice(start, end - start);

        bool IsStripped(char c) => characters?.Contains(c, StringComparison.Ordinal) ?? PythonText.IsSpace(c);
    }

    private static List<string> Affixes(Arguments arguments) => arguments.Bind("affix")[0] switch
    {
        IReadOnlyList<object?> { Count: > 0 } list => [.. list.Select(item => TemplateValue.Text(item).Value)],
        var one => [TemplateValue.Text(one).Value],
    };

    private static List<object?> Split(TracedText text, Arguments arguments, RenderBudget budget)
    {
        var bound = arguments.Bind("sep", "maxsplit");
        var most = bound[1] == Arguments.Missing ? -1 : TemplateValue.Whole(bound[1]);
        var parts = new List<object?>();
        if (bound[0] is null || bound[0] == Arguments.Missing)
        {
            for (var start = 0; start < text.Length;)
            {
                while (start < text.Length && PythonText.IsSpace(text.Value[start])) start++;
                var end = start;
                if (parts.Count == most) end = text.Length;
                while (end < text.Length && !PythonText.IsSpace(text.Value[end])) end++;
                if (end > start) parts.Add(text.Slice(start, end - start));
                start = end;
            }
        }
        else
        {
            var separator = NotEmpty(bound[0]).Value;
            var start = 0;
            for (int at; parts.Count != most && (at = text.Value.IndexOf(separator, start, StringComparison.Ordinal)) >= 0; start = at + separator.Length)
                parts.Add(text.Slice(start, at - start));
            parts.Add(text.Slice(start, text.Length - start));
        }
        budget.Spend((long)parts.Count * RenderBudget.TextEntry);
        return parts;
    }

    private static List<object?> SplitLines(TracedText text, Arguments arguments, RenderBudget budget)
    {
        arguments.Bind();
        var lines = new List<object?>();
        for (var start = 0; start < text.Length;)
        {
            var length = text.Value.AsSpan(start).IndexOfAny('\n', '\r');
            if (length < 0) length = text.Length - start;
            lines.Add(text.Slice(start, length));
            start += length + 1;
            if (start < text.Length && text.Value[start - 1] == '\r' && text.Value[start] == '\n') start++;
        }
        budget.Spend((long)lines.Count * RenderBudget.TextEntry);
        return lines;
    }

    private static TracedText Replace(TracedText text, Arguments arguments, RenderBudget budget)
    {
        var bound = arguments.Bind("old", "new", "count");
        var (old, replacement) = (NotEmpty(bound[0]).Value, TemplateValue.Text(bound[1]));
        var most = bound[2] == Arguments.Missing || bound[2] is null ? -1 : TemplateValue.Whole(bound[2]);
        var result = new TracedTextBuilder(budget);
        var start = 0;
        for (int at, count = 0; count != most && (at = text.Value.IndexOf(old, start, StringComparison.Ordinal)) >= 0; count++, start = at + old.Length)
            result.Append(text.Slice(start, at - start)).Append(replacement);
        return result.Append(text.Slice(start, text.Length - start)).ToText();
    }

    private static TracedText NotEmpty(object? value) =>
        TemplateValue.Text(value) is { Length: > 0 } text ? text : throw new JinjaException("an empty string is searched for", 0);
}
