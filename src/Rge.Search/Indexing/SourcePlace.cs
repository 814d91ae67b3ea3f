namespace Rge.Search.Indexing;

/// <summary>A file or row of a source.</summary>
/// <param name="Name">Its name within the source: a relative path, the key of a row.</param>
/// <param name="Stamp">Changes when its content may have changed.</param>
/// <param name="Read">Reads the item; throws <see cref="SearchException"/> or <see cref="Models.ImageInputException"/> where that cannot be done.</param>
public sealed record SourcePlace(string Name, string Stamp, Func<SearchItem> Read);
