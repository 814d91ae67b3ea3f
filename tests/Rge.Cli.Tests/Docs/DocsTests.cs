using System.Text.RegularExpressions;
using Rge.Cli.Output;

namespace Rge.Cli.Tests.Docs;

/// <summary>What the documentation says is so: its commands are understood, its files and links are there.</summary>
public sealed partial class DocsTests
{
    private static readonly string[] Folders = ["bench", "build", "configs", "deploy", "docs", "models", "samples", "src", "tests"];

    public static TheoryData<string> Pages => [.. DocPage.All.Select(page => page.Name)];

    [Theory, MemberData(nameof(Pages))]
    public void Every_command_is_understood(string name)
    {
        var page = Page(name);
        foreach (var command in page.Commands)
        foreach (var words in ShellWords.CallsOf("./rge", command))
        {
            // As from the repository's folder, where the commands are run.
            string[] args = [.. words.Select(word => IsRepositoryPath(word) ? Path.Combine(DocPage.Repository, word) : word)];
            if (args.Any(arg => arg.Contains('…', StringComparison.Ordinal)))
            {
                AssertOptionsAreKnown(args, command);
                continue;
            }
            var parsed = RgeCommand.Parse(args, new Terminal(TextWriter.Null, TextWriter.Null));
            Assert.True(parsed.Errors.Count == 0, $"{name}: {command}: {string.Join(' ', parsed.Errors)}");
            Assert.Null(RgeCommand.StrayOption(parsed, args));
        }
        foreach (
            var span in page.Spans.Where(span =>
                span.StartsWith("rge ", StringComparison.Ordinal) || span.StartsWith("./rge ", StringComparison.Ordinal)
            )
        )
            AssertOptionsAreKnown([.. ShellWords.Split(span).Skip(1)], span);
    }

    [Theory, MemberData(nameof(Pages))]
    public void Every_file_that_is_named_is_there(string name)
    {
        var page = Page(name);
        var words = page
            .Commands.SelectMany(command =>
                command.Split((char[])[' ', '\n', '=', '"', '(', ')', ','], StringSplitOptions.RemoveEmptyEntries)
            )
            .Concat(page.Spans.Where(span => !span.Contains(' ', StringComparison.Ordinal)));
        // What a command of the page writes need not be there.
        var written = page
            .Commands.SelectMany(command => ShellWords.CallsOf("./rge", command))
            .SelectMany(Outputs)
            .ToHashSet(StringComparer.Ordinal);
        foreach (
            var path in words.Where(word =>
                IsRepositoryPath(word) && !written.Any(output => word == output || word.StartsWith(output + "/", StringComparison.Ordinal))
            )
        )
            Assert.True(Path.Exists(Path.Combine(DocPage.Repository, path)), $"{name} names {path}, which is not there");
    }

    [Theory, MemberData(nameof(Pages))]
    public void Every_link_leads_somewhere(string name)
    {
        foreach (var link in Page(name).Links.Where(link => !link.Contains("://", StringComparison.Ordinal)))
        {
            var (path, anchor) = link.Split('#') is [var before, var after] ? (before, after) : (link, null);
            var target =
                path.Length == 0
                    ? name
                    : Path.GetRelativePath(
                        DocPage.Repository,
                        Path.GetFullPath(Path.Combine(DocPage.Repository, Path.GetDirectoryName(name)!, path))
                    );
            Assert.True(Path.Exists(Path.Combine(DocPage.Repository, target)), $"{name} links to {link}, which is not there");
            if (anchor is not null)
                Assert.True(
                    Page(target).Anchors.Contains(anchor, StringComparer.Ordinal),
                    $"{name} links to " + $"{link}: {target} has no such heading"
                );
        }
    }

    [Fact]
    public void No_two_pages_write_into_one_folder()
    {
        var outputs = DocPage.All.SelectMany(page =>
            page.Commands.SelectMany(command => ShellWords.CallsOf("./rge", command))
                .SelectMany(Outputs)
                .Distinct()
                .Select(output => (Page: page.Name, Output: output))
        );
        var shared = outputs
            .GroupBy(written => written.Output, written => written.Page, StringComparer.Ordinal)
            .Where(pages => pages.Count() > 1);
        Assert.Empty(shared.Select(pages => $"{pages.Key}: {string.Join(", ", pages)}"));
    }

    /// <summary>The files and folders that a call of the program writes.</summary>
    private static IEnumerable<string> Outputs(string[] args) =>
        args.Index()
            .Where(arg => arg.Item is "--out" or "-o" or "--output" && arg.Index + 1 < args.Length)
            .Select(arg => args[arg.Index + 1].TrimEnd('/'))
            .Where(output => !output.Contains('$', StringComparison.Ordinal));

    private static DocPage Page(string name) => DocPage.All.Single(page => page.Name == name);

    /// <summary>A path that starts with a folder of the repository, not a pattern or a placeholder.</summary>
    private static bool IsRepositoryPath(string word) =>
        Folders.Any(folder => word.StartsWith(folder + "/", StringComparison.Ordinal))
        && !Placeholder().IsMatch(word)
        && !BuildOutput().IsMatch(word);

    /// <summary>The verb and the names of its options, whatever stands for their values.</summary>
    private static void AssertOptionsAreKnown(string[] args, string where)
    {
        if (args is not [var verb, ..] || Placeholder().IsMatch(verb) || verb.StartsWith('-'))
            return;
        var root = RgeCommand.Parse([], new Terminal(TextWriter.Null, TextWriter.Null)).CommandResult.Command;
        var command = root.Subcommands.SingleOrDefault(known => known.Name == verb);
        Assert.True(command is not null, $"'{verb}' is not a command: {where}");
        foreach (var option in args.Skip(1).Where(arg => arg.StartsWith("--", StringComparison.Ordinal)).Select(arg => arg.Split('=')[0]))
            Assert.True(
                option == "--help" || command.Options.Any(known => known.Name == option || known.Aliases.Contains(option)),
                $"{option} is not an option of {verb}: {where}"
            );
    }

    [GeneratedRegex(@"[…*$<{]|\b[A-Z]{3,}\b", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"/(?:bin|obj)/", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BuildOutput();
}
