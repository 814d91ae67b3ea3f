using System.Globalization;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Rge.Files.Yaml;

/// <summary>
/// Reads YAML. Size, depth and number of values are bounded, and errors are one sentence with
/// source and line.
/// </summary>
public static class YamlText
{
    private const int MaxBytes = 1 << 20,
        MaxDepth = 32,
        MaxValues = 100_000;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a file.</summary>
    /// <exception cref="YamlTextException">It cannot be read, or is not YAML within the bounds.</exception>
    public static YamlValue Read(string path) => Parse(ReadText(path), path);

    /// <summary>The text of a file.</summary>
    /// <exception cref="YamlTextException">It cannot be read, is too large or is not UTF-8.</exception>
    public static string ReadText(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            if (Directory.Exists(path))
                throw new YamlTextException($"{path} is a folder, expected a YAML file.");
            if (!File.Exists(path))
                throw new YamlTextException($"{path} cannot be read: it does not exist, expected a YAML file.");
            if (new FileInfo(path).Length is > MaxBytes and var length)
                throw new YamlTextException(TooLong(path, length));
            var bytes = FileReader.ReadBytes(path);
            if (GitLfsPointer.Is(bytes))
                throw new YamlTextException($"{GitLfsPointer.Problem(path, bytes)}.");
            return Strict.GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new YamlTextException($"{path} is not UTF-8 text, expected a YAML file.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new YamlTextException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
    }

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="source">Name of the source in errors.</param>
    /// <param name="namesLines">Whether errors name lines; not for a text of one line.</param>
    /// <returns>The value; an empty one for a text without any.</returns>
    /// <exception cref="YamlTextException">It is not YAML within the bounds.</exception>
    public static YamlValue Parse(string text, string source, bool namesLines = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxBytes)
            throw new YamlTextException(TooLong(source, text.Length));
        return new Reader(text, source, namesLines).Read();
    }

    private static string TooLong(string source, long length) =>
        string.Create(CultureInfo.InvariantCulture, $"{source} has {length} bytes, expected a YAML text of at most {MaxBytes}.");

    /// <summary>Builds values from the parser's events; recursion is as deep as <see cref="MaxDepth"/>.</summary>
    private sealed class Reader(string text, string source, bool namesLines)
    {
        private readonly Parser _parser = new(new StringReader(text));
        private readonly Dictionary<string, YamlValue> _anchors = new(StringComparer.Ordinal);

        public YamlValue Read()
        {
            Next(); // the start of the stream
            if (Next() is StreamEnd)
                return new YamlValue { Place = Place(new Mark(0, 1, 1)) };
            var root = Value(Next(), 1);
            Next(); // the end of the document
            if (Next() is not StreamEnd and var more)
                throw Error(more.Start, "a second document begins here, expected one");
            return root;
        }

        private YamlValue Value(ParsingEvent from, int depth)
        {
            if (depth > MaxDepth)
                throw Error(from.Start, $"lists and maps are nested more than {MaxDepth} deep");
            if (from is AnchorAlias alias)
                return _anchors.TryGetValue(alias.Value.Value, out var known)
                    ? known
                    : throw Error(from.Start, $"the alias *{alias.Value.Value} stands for nothing before it");
            if (from is not NodeEvent node)
                throw Error(from.Start, "expected a value");
            if (node is { Tag: { IsEmpty: false, IsNonSpecific: false } tag })
                throw Error(from.Start, $"the tag {tag.Value} is not supported, expected the value alone");
            var value = node switch
            {
                SequenceStart => List(node, depth),
                MappingStart => Map(node, depth),
                Scalar scalar => new YamlValue { Place = Place(scalar.Start), Text = IsNull(scalar) ? null : scalar.Value },
                _ => throw Error(from.Start, "expected a value"),
            };
            if (value.Size > MaxValues)
                throw Error(from.Start, $"it has more than {MaxValues} values, aliases written out");
            if (!node.Anchor.IsEmpty)
                _anchors[node.Anchor.Value] = value;
            return value;
        }

        private YamlValue List(NodeEvent start, int depth)
        {
            var items = new List<YamlValue>();
            var size = 1L;
            while (Next() is not SequenceEnd and var next)
            {
                items.Add(Value(next, depth + 1));
                Count(ref size, items[^1], start);
            }
            return new YamlValue
            {
                Place = Place(start.Start),
                Items = items,
                Size = size,
            };
        }

        private YamlValue Map(NodeEvent start, int depth)
        {
            var members = new OrderedDictionary<string, YamlValue>(StringComparer.Ordinal);
            var size = 1L;
            while (Next() is not MappingEnd and var next)
            {
                var name = Value(next, depth + 1);
                if ((next is Scalar scalar ? scalar.Value : name.Text) is not { Length: > 0 } key)
                    throw Error(next.Start, "a key is empty, a list or a map, expected a name");
                var value = Value(Next(), depth + 1);
                // A missing value has no place.
                if (!members.TryAdd(key, value.IsNull ? value with { Place = Place(next.Start) } : value))
                    throw Error(next.Start, $"'{key}' occurs twice");
                Count(ref size, value, start);
            }
            return new YamlValue
            {
                Place = Place(start.Start),
                Members = members,
                Size = size,
            };
        }

        private void Count(ref long size, YamlValue value, NodeEvent start)
        {
            if ((size += value.Size) > MaxValues)
                throw Error(start.Start, $"it has more than {MaxValues} values, aliases written out");
        }

        private static bool IsNull(Scalar scalar) =>
            scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null" or "Null" or "NULL";

        private ParsingEvent Next()
        {
            try
            {
                if (_parser.MoveNext())
                    return _parser.Current!;
            }
            catch (YamlException e)
            {
                throw new YamlTextException($"{Place(e.Start)}: not valid YAML: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}.", e);
            }
            catch (Exception e)
                when (e
                        is InvalidOperationException
                            or ArgumentException
                            or IndexOutOfRangeException
                            or NullReferenceException
                            or OverflowException
                            or FormatException
                )
            {
                // What the library does with some broken texts.
                throw new YamlTextException(
                    $"{Place(Here)}: not valid YAML: a bracket or a quotation mark that is not closed, or something else that breaks off.",
                    e
                );
            }
            throw new YamlTextException($"{Place(Here)}: the text ends too early.");
        }

        private Mark Here => _parser.Current?.End ?? new Mark(0, 1, 1);

        private string Place(Mark mark) =>
            namesLines ? string.Create(CultureInfo.InvariantCulture, $"{source}, line {Math.Max(1, mark.Line)}") : source;

        private YamlTextException Error(Mark mark, string problem) => new($"{Place(mark)}: {problem}.");
    }
}
