using Rge.Search.Stores;

namespace Rge.Search.Collections;

/// <summary>Deletes items from a collection when the last place that has them gives them up. All of it happens under claims.</summary>
internal sealed class Retirement(SearchCollection collection, ClaimHolder claims)
{
    /// <summary>Removes places, and the items that no other place has.</summary>
    public async Task RemoveAsync(IReadOnlyCollection<PlaceRecord> gone, CancellationToken cancellationToken)
    {
        if (gone.Count == 0)
            return;
        string[] ids = [.. gone.SelectMany(place => place.Items).Distinct(StringComparer.Ordinal)];
        await claims.WaitForAsync(ids, cancellationToken);
        await RetireAsync(
            gone.SelectMany(place => place.Items.Select(item => ((PlaceRecord?)place, (string?)item))),
            [],
            cancellationToken
        );
        await collection.Tables.Places.DeleteAsync(gone.Select(place => place.Id), cancellationToken);
        await claims.ReleaseAsync(ids, cancellationToken);
    }

    /// <summary>
    /// Deletes items that places give up, except those that other places have or are about to have; returns these by id, with their path.
    /// </summary>
    public async Task RetireAsync(
        IEnumerable<(PlaceRecord? Place, string? Item)> given,
        Dictionary<string, string?> arriving,
        CancellationToken cancellationToken
    )
    {
        foreach (
            var places in given
                .Where(one => one.Item is { Length: > 0 })
                .GroupBy(one => one.Item!, one => one.Place!, StringComparer.Ordinal)
        )
        {
            var (id, leaving) = (places.Key, places.Select(place => place.Id).ToHashSet(StringComparer.Ordinal));
            var other = await collection
                .Tables.Places.GetAsync(place => place.Item == id, leaving.Count + 1, cancellationToken: cancellationToken)
                .FirstOrDefaultAsync(place => !leaving.Contains(place.Id), cancellationToken);
            if (other is null && !arriving.ContainsKey(id))
                await collection.DeleteRecordsAsync([id], cancellationToken);
            else if (
                await collection.Tables.Records.GetAsync(id, new() { IncludeVectors = true }, cancellationToken) is { } record
                && places.Any(place => place.Path == record.Path)
            )
            {
                record.Path = other is null ? arriving[id] : other.Path;
                await collection.WriteAsync([record], cancellationToken);
            }
        }
    }
}
