using System.Globalization;

namespace Rge.Text.Jinja;

/// <summary>The filter <c>tojson</c> as transformers has it: Python's layout, no escapes but the necessary ones.</summary>
internal static class JsonText
{
    private const int MaxDepth = 50;

    /// <summary>The value as JSON. What the caller wrote stays the caller's, escapes included.</summary>
    public static TracedText Format(object? value, RenderBudget budget)
    {
        var json = new TracedTextBuilder(budget);
        Write(value, json, 0);
        return json.ToText();
    }

    private static void Write(object? value, TracedTextBuilder json, int depth)
    {
        if (depth > MaxDepth)
            throw new JinjaException("makes JSON of a value that is nested too deep", 0);
        switch (value)
        {
            case null:
                json.Append("null");
                break;
            case bool flag:
                json.Append(flag ? "true" : "false");
                break;
            case long or double:
                json.Append(TemplateValue.ToText(value));
                break;
            case TracedText text:
                WriteText(text, json);
                break;
            case IReadOnlyList<object?> list:
                json.Append("[");
                for (var i = 0; i < list.Count; i++)
                {
                    if (i > 0)
                        json.Append(", ");
                    Write(list[i], json, depth + 1);
                }
                json.Append("]");
                break;
            case IReadOnlyDictionary<string, object?> map:
                json.Append("{");
                var first = true;
                foreach (var (key, entry) in map)
                {
                    if (!first)
                        json.Append(", ");
                    first = false;
                    WriteText(TracedText.FromTemplate(key), json);
                    json.Append(": ");
                    Write(entry, json, depth + 1);
                }
                json.Append("}");
                break;
            default:
                throw new JinjaException($"{TemplateValue.Describe(value)} has no JSON form", 0);
        }
    }

    private static void WriteText(TracedText text, TracedTextBuilder json)
    {
        json.Append("\"");
        for (var i = 0; i < text.Length; i++)
        {
            var escape = text.Value[i] switch
            {
                '"' => "\\\"",
                '\\' => @"\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                < ' ' and var control => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)control:x4}"),
                _ => null,
            };
            if (escape is null)
                json.Append(text.Slice(i, 1));
            else
                json.Append(text.IsFromCaller(i) ? TracedText.FromCaller(escape) : TracedText.FromTemplate(escape));
        }
        json.Append("\"");
    }
}
