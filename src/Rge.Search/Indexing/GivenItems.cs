namespace Rge.Search.Indexing;

/// <summary>Items that a program hands over, as a source that is never complete: what was added before stays.</summary>
internal sealed class GivenItems(IReadOnlyList<SearchItem> items) : IItemSource
{
    public const string SourceName = "added";

    public string Name => SourceName;

    public SourceListing List(CancellationToken cancellationToken) =>
        new([.. items.Select(item => (Id: item.Id(), Item: item)).DistinctBy(item => item.Id, StringComparer.Ordinal).Select(item => new SourcePlace(item.Id, "", () => item.Item))], []);
}
