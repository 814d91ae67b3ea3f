using Rge.Search.Collections;

namespace Rge.Search.Indexing;

/// <summary>Removes from a collection what is no longer in a source, unless the source seems to be missing.</summary>
/// <param name="collection">The collection.</param>
/// <param name="source">The source's name.</param>
/// <param name="options">What may be removed.</param>
/// <param name="retirement">Deletes places and the records that no other place has.</param>
/// <param name="retry">Repeats work while the store is away.</param>
internal sealed class SourceRemoval(
    SearchCollection collection,
    string source,
    IndexOptions options,
    Retirement retirement,
    StoreRetry retry
)
{
    /// <summary>So many may always leave; of more, no more than half of all at once.</summary>
    private const int FewRemovals = 20;

    /// <summary>Removes the places that a listing lacks.</summary>
    /// <returns>How many were removed; why others stay, and how many.</returns>
    public async Task<(int Removed, RemovalHold Hold, int Withheld)> RunAsync(SourceListing listing, CancellationToken cancellationToken)
    {
        var listed = listing.Places.Select(place => PlaceRecord.IdOf(source, place.Name)).ToHashSet(StringComparer.Ordinal);
        var empty = listing.EmptyFolders.ToHashSet(StringComparer.Ordinal);
        var (known, missing, inEmpty) = (0, 0, 0);
        for (var isLast = false; !isLast; )
        {
            var page = await PageAsync(known, cancellationToken);
            known += page.Count;
            missing += page.Count(place => !listed.Contains(place.Id));
            inEmpty += page.Count(place => !listed.Contains(place.Id) && IsIn(empty, place));
            isLast = page.Count < RecordPages.Size;
        }
        if (missing == 0)
            return default;
        if (listing.Broken.Count > 0)
            return (0, RemovalHold.Unlisted, missing);
        if (listing.Places.Count == 0 && !options.AllowEmpty)
            return (0, RemovalHold.EmptySource, missing);
        // Those of empty folders have a rule of their own.
        var removals = missing - inEmpty;
        if (listing.Places.Count > 0 && !options.AllowRemovals && removals > FewRemovals && removals > known / 2)
            return (0, RemovalHold.MostMissing, missing);
        if (options.AllowEmpty)
            (empty, inEmpty) = ([], 0);
        var removed = await RemoveAsync(place => !listed.Contains(place.Id) && !IsIn(empty, place), cancellationToken);
        return inEmpty > 0 ? (removed, RemovalHold.EmptyFolder, inEmpty) : (removed, default, 0);
    }

    private async Task<int> RemoveAsync(Func<PlaceRecord, bool> isGone, CancellationToken cancellationToken)
    {
        var removed = 0;
        for (var skip = 0; ; )
        {
            var page = await PageAsync(skip, cancellationToken);
            PlaceRecord[] gone = [.. page.Where(isGone)];
            await retry.RunAsync(() => retirement.RemoveAsync(gone, cancellationToken), cancellationToken);
            removed += gone.Length;
            if (page.Count < RecordPages.Size)
                return removed;
            skip += page.Count - gone.Length;
        }
    }

    /// <summary>A page of what the collection has of the source.</summary>
    private Task<List<PlaceRecord>> PageAsync(int skip, CancellationToken cancellationToken)
    {
        var name = source;
        return retry.RunAsync(
            async () =>
                await collection
                    .Tables.Places.GetAsync(
                        place => place.Source == name,
                        RecordPages.Size,
                        new() { Skip = skip, OrderBy = by => by.Ascending(place => place.Id) },
                        cancellationToken
                    )
                    .ToListAsync(cancellationToken),
            cancellationToken
        );
    }

    /// <summary>Whether a place lies in one of some folders, or in a folder below.</summary>
    private static bool IsIn(HashSet<string> folders, PlaceRecord place)
    {
        if (folders.Count == 0)
            return false;
        for (var folder = Path.GetDirectoryName(place.Name); folder is { Length: > 0 }; folder = Path.GetDirectoryName(folder))
            if (folders.Contains(folder))
                return true;
        return false;
    }
}
