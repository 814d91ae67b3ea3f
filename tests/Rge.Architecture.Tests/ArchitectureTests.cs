using System.Xml.Linq;

namespace Rge.Architecture.Tests;

/// <summary>Projects and folders depend on each other as docs/architecture.md says, and never in a circle.</summary>
public sealed class ArchitectureTests
{
    public static TheoryData<string> Projects => [.. Directory.EnumerateDirectories(Path.Combine(Plan.Root, "src")).Where(HasProject).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    [Fact]
    public void Projects_reference_what_the_table_says()
    {
        SortedDictionary<string, string[]> graph = new(StringComparer.Ordinal);
        foreach (var project in Projects) graph.Add(project.Data, [.. Items(project.Data, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'))!).Order(StringComparer.Ordinal)]);
        Check("projects", graph);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_use_what_the_table_says(string project)
    {
        var graph = SourceGraph.Of(project);
        if (graph.Count > 1) Check(project, graph);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Only_tests_and_benchmarks_see_internals(string project) =>
        Assert.All(Items(project, "InternalsVisibleTo"), friend => Assert.EndsWith(".Tests", friend, StringComparison.Ordinal));

    [Fact]
    public void A_circle_is_found()
    {
        SortedDictionary<string, string[]> graph = new() { ["a"] = ["b"], ["b"] = ["c"], ["c"] = ["b"], ["d"] = ["a"] };
        Assert.Equal(["b", "c", "b"], Plan.Cycle(graph));
        graph["c"] = [];
        Assert.Empty(Plan.Cycle(graph));
    }

    private static void Check(string name, SortedDictionary<string, string[]> graph)
    {
        var (plan, circle) = (Plan.Read(), Plan.Cycle(graph));
        Assert.True(circle.Length == 0, $"{name}: {string.Join(" -> ", circle)} is a circle, in\n{Plan.Write(graph)}");
        var (expected, actual) = (Plan.Write(plan[name]), Plan.Write(graph));
        Assert.True(expected == actual, $"docs/architecture.md, arrows {name}, differs from the sources, which are\n{actual}");
    }

    private static bool HasProject(string folder) => File.Exists(Path.Combine(folder, Path.GetFileName(folder) + ".csproj"));

    private static IEnumerable<string> Items(string project, string item) =>
        XDocument.Load(Path.Combine(Plan.Root, "src", project, project + ".csproj")).Descendants(item).Select(element => element.Attribute("Include")!.Value);
}
