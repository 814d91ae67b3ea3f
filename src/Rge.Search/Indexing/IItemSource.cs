namespace Rge.Search.Indexing;

/// <summary>Where items come from: a folder, a file of rows.</summary>
public interface IItemSource
{
    /// <summary>
    /// Names the source in the collection: what is no longer in a source of this name leaves. Machines that see one folder under different
    /// paths give it one name.
    /// </summary>
    string Name { get; }

    /// <summary>Lists what there is; nothing but what tells changes is read.</summary>
    /// <exception cref="SearchException">The source does not exist or cannot be listed.</exception>
    SourceListing List(CancellationToken cancellationToken);
}
