namespace Rge.Search;

/// <summary>A file or row that a record was found in.</summary>
/// <param name="Source">Name of the source.</param>
/// <param name="Name">Its name within the source.</param>
/// <param name="Stamp">Changes when the file or row changes.</param>
public sealed record EntryPlace(string Source, string Name, string Stamp);
