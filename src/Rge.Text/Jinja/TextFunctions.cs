namespace Rge.Text.Jinja;

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
        ["strip"] = (text, arguments, budget) => Strip(text, arguments, budget, atStart: true, atEnd: true),
        ["lstrip"] = (text, arguments, budget) => Strip(text, arguments, budget, atStart: true, atEnd: false),
        ["rstrip"] = (text, arguments, budget) => Strip(text, arguments, budget, atStart: false, atEnd: true),
        ["startswith"] = (text, arguments, budget) =>
            Affixes(arguments, budget).Any(affix => text.Value.StartsWith(affix, StringComparison.Ordinal)),
        ["endswith"] = (text, arguments, budget) =>
            Affixes(arguments, budget).Any(affix => text.Value.EndsWith(affix, StringComparison.Ordinal)),
        ["removeprefix"] = (text, arguments, budget) =>
            Affixes(arguments, budget)[0] is var affix && text.Value.StartsWith(affix, StringComparison.Ordinal)
                ? text.Slice(affix.Length, text.Length - affix.Length)
                : text,
        ["removesuffix"] = (text, arguments, budget) =>
            Affixes(arguments, budget)[0] is var affix && text.Value.EndsWith(affix, StringComparison.Ordinal)
                ? text.Slice(0, text.Length - affix.Length)
                : text,
        ["find"] = (text, arguments, budget) => Find(text, Affixes(arguments, budget)[0], budget),
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
            budget.Spend(1);
            if (i > 0)
                joined.Append(separator);
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

    private static long Find(TracedText text, string sought, RenderBudget budget)
    {
        budget.SpendSearch(text.Length, sought.Length);
        return text.Value.IndexOf(sought, StringComparison.Ordinal);
    }

    private static TracedText Strip(TracedText text, Arguments arguments, RenderBudget budget, bool atStart, bool atEnd)
    {
        HashSet<char>? characters = null;
        if (arguments.Bind("chars")[0] is TracedText given)
        {
            budget.Spend(given.Length);
            characters = [.. given.Value];
        }
        var (start, end) = (0, text.Length);
        while (atStart && start < end && IsStripped(text.Value[start]))
            start++;
        while (atEnd && end > start && IsStripped(text.Value[end - 1]))
            end--;
        return text.Slice(start, end - start);

        bool IsStripped(char c) => characters?.Contains(c) ?? PythonText.IsSpace(c);
    }

    private static List<string> Affixes(Arguments arguments, RenderBudget budget)
    {
        return arguments.Bind("affix")[0] switch
        {
            IReadOnlyList<object?> { Count: > 0 } list => [.. list.Select(Affix)],
            var one => [Affix(one)],
        };

        string Affix(object? item)
        {
            var affix = TemplateValue.Text(item).Value;
            budget.Spend(1 + affix.Length);
            return affix;
        }
    }

    private static List<object?> Split(TracedText text, Arguments arguments, RenderBudget budget)
    {
        var bound = arguments.Bind("sep", "maxsplit");
        var most = bound[1] == Arguments.Missing ? -1 : TemplateValue.Whole(bound[1]);
        var parts = new List<object?>();
        if (bound[0] is null || bound[0] == Arguments.Missing)
        {
            for (var start = 0; start < text.Length; )
            {
                while (start < text.Length && PythonText.IsSpace(text.Value[start]))
                    start++;
                var end = start;
                if (parts.Count == most)
                    end = text.Length;
                while (end < text.Length && !PythonText.IsSpace(text.Value[end]))
                    end++;
                if (end > start)
                    Add(start, end);
                start = end;
            }
        }
        else
        {
            var separator = NotEmpty(bound[0]).Value;
            budget.SpendSearch(text.Length, separator.Length);
            var start = 0;
            for (
                int at;
                parts.Count != most && (at = text.Value.IndexOf(separator, start, StringComparison.Ordinal)) >= 0;
                start = at + separator.Length
            )
                Add(start, at);
            Add(start, text.Length);
        }
        return parts;

        void Add(int start, int end)
        {
            budget.Spend(RenderBudget.TextEntry);
            parts.Add(text.Slice(start, end - start));
        }
    }

    private static List<object?> SplitLines(TracedText text, Arguments arguments, RenderBudget budget)
    {
        arguments.Bind();
        var lines = new List<object?>();
        for (var start = 0; start < text.Length; )
        {
            var length = text.Value.AsSpan(start).IndexOfAny('\n', '\r');
            if (length < 0)
                length = text.Length - start;
            budget.Spend(RenderBudget.TextEntry);
            lines.Add(text.Slice(start, length));
            start += length + 1;
            if (start < text.Length && text.Value[start - 1] == '\r' && text.Value[start] == '\n')
                start++;
        }
        return lines;
    }

    private static TracedText Replace(TracedText text, Arguments arguments, RenderBudget budget)
    {
        var bound = arguments.Bind("old", "new", "count");
        var (old, replacement) = (NotEmpty(bound[0]).Value, TemplateValue.Text(bound[1]));
        var most = bound[2] == Arguments.Missing || bound[2] is null ? -1 : TemplateValue.Whole(bound[2]);
        budget.SpendSearch(text.Length, old.Length);
        var result = new TracedTextBuilder(budget);
        var start = 0;
        for (
            int at, count = 0;
            count != most && (at = text.Value.IndexOf(old, start, StringComparison.Ordinal)) >= 0;
            count++, start = at + old.Length
        )
            result.Append(text.Slice(start, at - start)).Append(replacement);
        return result.Append(text.Slice(start, text.Length - start)).ToText();
    }

    private static TracedText NotEmpty(object? value) =>
        TemplateValue.Text(value) is { Length: > 0 } text ? text : throw new JinjaException("an empty string is searched for", 0);
}
