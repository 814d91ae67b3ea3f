namespace Rge.Search.Indexing;

/// <summary>Why files or rows that are no longer found in a source stay in the collection.</summary>
public enum RemovalHold
{
    /// <summary>None do.</summary>
    None,

    /// <summary>Something of the source could not be listed: what is missed may be there.</summary>
    Unlisted,

    /// <summary>
    /// The source holds nothing that can be indexed, as when a disk is not mounted; see <see cref="IndexOptions.AllowEmpty"/>.
    /// </summary>
    EmptySource,

    /// <summary>
    /// Folders of the source hold nothing that can be indexed, though the collection has items of theirs; see
    /// <see cref="IndexOptions.AllowEmpty"/>.
    /// </summary>
    EmptyFolder,

    /// <summary>
    /// More than half of what the collection has of the source, and more than 20, is missing; see <see cref="IndexOptions.AllowRemovals"/>.
    /// </summary>
    MostMissing,
}
