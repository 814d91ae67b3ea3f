using System.Text;
using System.Text.RegularExpressions;

namespace Rge.Cli.Tests.Docs;

/// <summary>A page of the documentation: its shell commands, code spans, links and headings.</summary>
internal sealed partial class DocPage
{
    /// <summary>Words by which a block is known to be of shell commands.</summary>
    private static readonly string[] CommandWords =
    [
        "./rge",
        "./test",
        "curl",
        "dotnet",
        "docker",
        "TorchBackend=cuda",
        "POSTGRES_PASSWORD=…",
        "readelf",
        "export",
        "for",
    ];

    private readonly string _text;

    private DocPage(string name, string text) => (Name, _text) = (name, text);

    /// <summary>The repository.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>README, CONTRIBUTING and everything in docs/.</summary>
    public static IReadOnlyList<DocPage> All { get; } =
    [
        .. ((string[])["README.md", "CONTRIBUTING.md"])
            .Concat(
                Directory
                    .GetFiles(Path.Combine(Repository, "docs"), "*.md")
                    .Order(StringComparer.Ordinal)
                    .Select(path => $"docs/{Path.GetFileName(path)}")
            )
            .Select(name => new DocPage(name, File.ReadAllText(Path.Combine(Repository, name)))),
    ];

    /// <summary>The page's path in the repository.</summary>
    public string Name { get; }

    /// <summary>The commands of its shell blocks, in order; a command of several lines is one.</summary>
    public IReadOnlyList<string> Commands => [.. Blocks().Where(IsShell).SelectMany(Statements)];

    /// <summary>What stands between back ticks outside of blocks.</summary>
    public IEnumerable<string> Spans => CodeSpan().Matches(Prose()).Select(match => match.Groups["span"].Value.Replace('\n', ' '));

    /// <summary>Where links go.</summary>
    public IEnumerable<string> Links => Link().Matches(CodeSpan().Replace(Prose(), "")).Select(match => match.Groups["target"].Value);

    /// <summary>The anchors of the page's headings, as GitHub makes them.</summary>
    public IEnumerable<string> Anchors =>
        Heading().Matches(Prose()).Select(match => Dropped().Replace(match.Groups["title"].Value.ToLowerInvariant(), "").Replace(' ', '-'));

    /// <summary>Whether the page says a text.</summary>
    public bool Says(string text) => _text.Contains(text, StringComparison.Ordinal);

    public override string ToString() => Name;

    private string Prose() => Fence().Replace(_text, "\n");

    /// <summary>Fenced blocks without a language or of a shell, and blocks that are indented.</summary>
    private IEnumerable<string> Blocks() =>
        Fence()
            .Matches(_text)
            .Where(match => match.Groups["language"].Value is "" or "sh" or "bash")
            .Select(match => match.Groups["code"].Value)
            .Concat(
                Indented()
                    .Matches(Prose())
                    .Select(match => string.Join('\n', match.Value.Split('\n').Select(line => line.Length > 4 ? line[4..] : "")))
            );

    private static bool IsShell(string block) =>
        block.Split('\n').Any(line => CommandWords.Any(word => line.StartsWith(word + " ", StringComparison.Ordinal) || line == word));

    /// <summary>The commands of a block: a line, or as many as it takes to close quotes and loops.</summary>
    private static IEnumerable<string> Statements(string block)
    {
        var statement = new StringBuilder();
        foreach (var line in block.Split('\n'))
        {
            if (statement.Length == 0 && line.Trim() is "" or ['#', ..])
                continue;
            statement.Append(statement.Length == 0 ? "" : "\n").Append(line);
            if (IsOpen(statement.ToString()))
                continue;
            yield return statement.ToString();
            statement.Clear();
        }
        Assert.True(statement.Length == 0, $"A command does not end: {statement}");
    }

    private static bool IsOpen(string text)
    {
        var (quote, isComment) = ('\0', false);
        foreach (var (i, c) in text.Index())
        {
            if (isComment)
                isComment = c != '\n';
            else if (quote != '\0')
                quote = c == quote ? '\0' : quote;
            else if (c is '\'' or '"')
                quote = c;
            else
                isComment = c == '#' && i > 0 && char.IsWhiteSpace(text[i - 1]);
        }
        return quote != '\0'
            || text.EndsWith('\\')
            || text.StartsWith("for ", StringComparison.Ordinal) && !text.EndsWith("done", StringComparison.Ordinal);
    }

    private static string FindRepository()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Rge.slnx")))
                return at.FullName;
        throw new InvalidOperationException("The tests are not run from within the repository.");
    }

    [GeneratedRegex(
        @"^```(?<language>\w*)\n(?<code>.*?)^```\s*$",
        RegexOptions.Multiline | RegexOptions.Singleline,
        matchTimeoutMilliseconds: 10_000
    )]
    private static partial Regex Fence();

    [GeneratedRegex(@"(?<=\n\n)(?: {4}[^\n]*\n(?:\n(?= {4}))?)+", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Indented();

    [GeneratedRegex(@"(?<!`)`(?<span>[^`]+)`(?!`)", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (?<title>.+)$", RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Dropped();
}
