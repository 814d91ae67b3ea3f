using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Rge.Architecture.Tests;

/// <summary>
/// Which folders of a project use types and members of which others, as the compiler resolves the names in the sources. Comments do not
/// count.
/// </summary>
internal static class SourceGraph
{
    /// <summary>The name of a project's own folder.</summary>
    public const string Top = "(top)";

    private static readonly CSharpParseOptions Parse = new(LanguageVersion.Preview);

    /// <summary>The graph of a project's folders: for each the others that it uses, in order.</summary>
    public static SortedDictionary<string, string[]> Of(string project)
    {
        var folder = Path.Combine(Plan.Root, "src", project);
        var sources = Directory
            .EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Built(Path.GetRelativePath(folder, file)))
            .ToArray();
        var trees = sources
            .Concat(ImplicitUsings(folder))
            .Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), Parse, file))
            .ToArray();
        var compilation = CSharpCompilation.Create(
            project,
            trees,
            References(project),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true)
        );

        var used = sources.Select(file => Room(folder, file)).Distinct().ToDictionary(room => room, _ => new HashSet<string>());
        foreach (var tree in trees.Take(sources.Length))
        {
            var (model, from) = (compilation.GetSemanticModel(tree), Room(folder, tree.FilePath));
            foreach (var name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
                if (
                    DeclaringFile(model.GetSymbolInfo(name).Symbol, compilation.Assembly) is { } file
                    && Room(folder, file) is var to
                    && to != from
                )
                    used[from].Add(to);
        }
        return new(used.ToDictionary(room => room.Key, room => room.Value.Order(StringComparer.Ordinal).ToArray()), StringComparer.Ordinal);
    }

    private static string? DeclaringFile(ISymbol? symbol, IAssemblySymbol assembly)
    {
        var type = symbol as INamedTypeSymbol ?? symbol?.ContainingType;
        while (type?.ContainingType is { } outer)
            type = outer;
        return type is not null && SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, assembly)
            ? type.DeclaringSyntaxReferences.FirstOrDefault()?.SyntaxTree.FilePath
            : null;
    }

    private static string Room(string folder, string file)
    {
        var room = Path.GetRelativePath(folder, Path.GetDirectoryName(file)!).Replace('\\', '/');
        return room == "." ? Top : room;
    }

    private static bool Built(string path) =>
        path.StartsWith("obj" + Path.DirectorySeparatorChar, StringComparison.Ordinal)
        || path.StartsWith("bin" + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>The usings that the build adds to every file.</summary>
    private static IEnumerable<string> ImplicitUsings(string folder) =>
        Directory
            .EnumerateFiles(Path.Combine(folder, "obj"), "*.GlobalUsings.g.cs", SearchOption.AllDirectories)
            .OrderByDescending(File.GetLastWriteTimeUtc)
            .Take(1);

    private static IEnumerable<MetadataReference> References(string project) =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(file => Path.GetFileNameWithoutExtension(file) != project)
            .Select(file => MetadataReference.CreateFromFile(file));
}
