namespace Rge.Search.Indexing;

/// <summary>A file or row of a source.</summary>
/// <param name="Name">Its name within the source: a relative path, the key of a row.</param>
/// <param name="Stamp">Changes when its content may have changed.</param>
/// <param name="Read">Reads the item; throws <see cref="SearchException"/> or <see cref="Imaging.ImageInputException"/> where that cannot
/// be done.</param>
public sealed record SourcePlace(string Name, string Stamp, Func<SearchItem> Read)
{
    /// <summary>Its name in messages: the file, or file and line.</summary>
    public string Label
    {
        get => field ?? Name;
        init;
    }

    /// <summary>Index of an item that a program gave, from 0; <see langword="null"/> for files and rows.</summary>
    public int? Index { get; init; }

    /// <summary>Line of a row in its file, from 1; <see langword="null"/> for anything else.</summary>
    public int? Line { get; init; }

    internal BrokenItem Broken(string problem) => new(Label, problem) { Index = Index, Line = Line };
}
