using System.Text.RegularExpressions;
using Rge.ShapeWorld.Scenes;
using Rge.Tests.Shared;

namespace Rge.ShapeWorld.Tests;

/// <summary>The queries and rationales that docs/shapeworld.md shows are drawn with its command.</summary>
public sealed partial class DocsExamplesTests
{
    private const int Rows = 5;

    public static TheoryData<string, string, string> Examples =>
        [
            .. Example()
                .Matches(File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "docs", "shapeworld.md")))
                .Select(match => (match.Groups["dataset"].Value, match.Groups["query"].Value, match.Groups["rationale"].Value)),
        ];

    [Fact]
    public void Every_dataset_has_an_example() => Assert.Equal(ShapeWorldDatasets.Every, Examples.Select(example => example.Data.Item1));

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_is_one_of_the_first_rows(string dataset, string query, string rationale)
    {
        var rows = ShapeWorldEvaluation.Create(WorldSplit.Dev, 1, Rows, [dataset]).Single().Rows;
        // The query may be shown in another of its wordings; an empty rationale is told in words.
        if (rationale.StartsWith("empty:", StringComparison.Ordinal))
            Assert.Contains(
                query.TrimEnd(' ', '…'),
                rows.Select(row => row.Query.Text![..Math.Min(row.Query.Text!.Length, query.Length - 2)])
            );
        else
            Assert.Contains(rationale, rows.Select(row => row.Rationale));
    }

    [GeneratedRegex(
        @"^\| (?<dataset>[a-z0-9_]+) \| \*(?<query>[^*]+)\* — (?<rationale>[^|]+) \|",
        RegexOptions.Multiline,
        matchTimeoutMilliseconds: 10_000
    )]
    private static partial Regex Example();
}
