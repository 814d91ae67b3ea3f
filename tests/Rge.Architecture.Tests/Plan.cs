namespace Rge.Architecture.Tests;

/// <summary>The arrows that docs/architecture.md allows: its blocks of lines such as <c>Rge.Data -> Rge</c>, each under the name of its graph.</summary>
internal sealed class Plan
{
    private readonly Dictionary<string, SortedDictionary<string, string[]>> _graphs = [];

    private Plan(IEnumerable<string> lines)
    {
        SortedDictionary<string, string[]>? graph = null;
        foreach (var line in lines)
        {
            if (line.StartsWith("```arrows ", StringComparison.Ordinal)) _graphs.Add(line[10..].Trim(), graph = new(StringComparer.Ordinal));
            else if (line.StartsWith("```", StringComparison.Ordinal)) graph = null;
            else if (graph is not null && line.Split("->") is [var from, var to])
                graph.Add(from.Trim(), to.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    /// <summary>The folder of the repository: the one above this program's that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The table as it stands in the repository.</summary>
    public static Plan Read() => new(File.ReadLines(Path.Combine(Root, "docs", "architecture.md")));

    /// <summary>What each node of a graph may depend on.</summary>
    public SortedDictionary<string, string[]> this[string graph] =>
        _graphs.GetValueOrDefault(graph, []);

    /// <summary>A graph in the form of the table.</summary>
    public static string Write(SortedDictionary<string, string[]> graph)
    {
        var width = graph.Keys.Append("").Max(name => name.Length);
        return string.Join('\n', graph.Select(node => $"{node.Key.PadRight(width)} -> {string.Join(' ', node.Value)}".TrimEnd()));
    }

    /// <summary>A cycle of a graph, or nothing where all arrows point down.</summary>
    public static string[] Cycle(SortedDictionary<string, string[]> graph)
    {
        HashSet<string> done = [];
        List<string> path = [];
        return graph.Keys.Select(Visit).FirstOrDefault(found => found.Length > 0) ?? [];

        string[] Visit(string node)
        {
            if (path.Contains(node)) return [.. path.SkipWhile(step => step != node), node];
            if (!done.Add(node)) return [];
            path.Add(node);
            foreach (var next in graph.GetValueOrDefault(node) ?? [])
                if (Visit(next) is { Length: > 0 } found) return found;
            path.RemoveAt(path.Count - 1);
            return [];
        }
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Rge.slnx"))) folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("No folder above has Rge.slnx.");
        return folder;
    }
}
