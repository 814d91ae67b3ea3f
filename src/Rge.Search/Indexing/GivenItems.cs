namespace Rge.Search.Indexing;

/// <summary>
/// Items that a program hands over, as a source that is never complete: what was added before stays, but for items of the same key.
/// </summary>
internal sealed class GivenItems(IReadOnlyList<SearchItem> items) : IItemSource
{
    public const string SourceName = "added";

    public string Name => SourceName;

    public SourceListing List(CancellationToken cancellationToken)
    {
        var (places, broken) = (new Dictionary<string, SourcePlace>(StringComparer.Ordinal), new List<BrokenItem>());
        foreach (var (index, item) in items.Index())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (item is null)
            {
                broken.Add(new BrokenItem($"item {index}", "It is null, expected an item.") { Index = index });
                continue;
            }
            string id,
                label = item.Key ?? $"item {index}";
            try
            {
                id = item.Id();
            }
            catch (SearchException e)
            {
                broken.Add(new BrokenItem(label, e.Message) { Index = index });
                continue;
            }
            var place = new SourcePlace(item.Key ?? id, id, () => item) { Label = label, Index = index };
            // An item that is given twice counts once; of different items with the same key the first is taken.
            if (!places.TryAdd(place.Name, place) && places[place.Name].Stamp != id)
                broken.Add(place.Broken($"the key '{item.Key}' is that of item {places[place.Name].Index}, too"));
        }
        return new SourceListing([.. places.Values], broken);
    }
}
