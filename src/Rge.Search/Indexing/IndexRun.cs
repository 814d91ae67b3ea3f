using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.VectorData;

namespace Rge.Search.Indexing;

/// <summary>
/// One run of an <see cref="Indexer"/> over a source. A batch goes through list → read and hash → claim → decode → embed → store → release;
/// while one is embedded, the next is read and decoded.
/// </summary>
/// <remarks>
/// Whatever is done to an item happens while its id is claimed, and in an order in which every half-done state mends itself in the next run:
/// a place says which record it is about to have before that is written, and refers to a record until after that is deleted. A place that
/// was left waiting for a record, or whose record is missing, counts as changed.
/// </remarks>
internal sealed class IndexRun(
    SearchCollection collection, ReasoningEmbedder embedder, IItemSource source, IndexOptions options, ClaimHolder claims, IProgress<IndexProgress>? progress)
{
    private const int PlacesOfPage = 1000;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(200), LongestWait = TimeSpan.FromSeconds(10);

    private readonly List<(SourcePlace Place, string[] Ids)> _waiting = [];
    private readonly List<BrokenItem> _broken = [];
    // Ids of the batches that are prepared and not stored yet: an item that turns up again meanwhile waits for them.
    private readonly HashSet<string> _inFlight = new(StringComparer.Ordinal);
    private int _total, _done, _stored, _embedded, _unchanged, _removed;

    public async Task<IndexOutcome> RunAsync(bool removes, CancellationToken cancellationToken)
    {
        var listing = await Task.Run(() => source.List(cancellationToken), cancellationToken);
        _broken.AddRange(listing.Broken);
        _total = listing.Places.Count;
        await IndexAsync(listing.Places, cancellationToken);
        while (_waiting.Count > 0) await IndexAsync(await WaitAsync(cancellationToken), cancellationToken);
        if (removes && listing.Broken.Count == 0) await RemoveOthersAsync(listing.Places.Select(place => IdOf(place.Name)).ToHashSet(StringComparer.Ordinal), cancellationToken);
        return new IndexOutcome(_stored, _embedded, _unchanged, _removed, _broken);
    }

    private async Task IndexAsync(IEnumerable<SourcePlace> places, CancellationToken cancellationToken)
    {
        await foreach (var batch in PrepareAheadAsync(places.Chunk(options.BatchItems), cancellationToken))
        {
            var vectors = await EmbedAsync(batch, cancellationToken);
            await PatientlyAsync(() => StoreAsync(batch, vectors, cancellationToken), cancellationToken);
            string[] stored = [.. batch.Held.Select(held => held.Place.Name)];
            _stored += stored.Length;
            _embedded += vectors.Count;
            _unchanged += batch.Unchanged;
            _done += batch.Count - batch.Waiting.Count;
            _broken.AddRange(batch.Broken);
            _waiting.AddRange(batch.Waiting);
            progress?.Report(new IndexProgress(_done, _total, stored));
        }
    }

    /// <summary>Prepares each batch while the one before is dealt with, and no two at once: the later one has to see what the earlier one has claimed.</summary>
    private async IAsyncEnumerable<IndexBatch> PrepareAheadAsync(IEnumerable<SourcePlace[]> batches, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<IndexBatch>? ahead = null;
        try
        {
            foreach (var places in batches)
            {
                var prepared = ahead is null ? null : await ahead;
                ahead = Task.Run(() => PatientlyAsync(() => PrepareAsync(places, stop.Token), stop.Token), stop.Token);
                if (prepared is not null) yield return prepared;
            }
            if (ahead is not null) yield return await ahead;
        }
        finally
        {
            await stop.CancelAsync();
            if (ahead is not null) await Task.WhenAny(ahead);
        }
    }

    private async Task<IndexBatch> PrepareAsync(SourcePlace[] places, CancellationToken cancellationToken)
    {
        var batch = new IndexBatch { Count = places.Length };
        var before = await RememberedAsync(places, cancellationToken);
        SourcePlace[] alike = [.. places.Where(place => before.TryGetValue(place.Name, out var known) && known.Stamp == place.Stamp && known.Pending is null)];
        var present = await ExistingAsync(alike.Select(place => before[place.Name].Item), cancellationToken);
        HashSet<SourcePlace> unchanged = [.. alike.Where(place => present.Contains(before[place.Name].Item))];
        batch.Unchanged = unchanged.Count;
        await ReadAsync(batch, [.. places.Where(place => !unchanged.Contains(place))], before, cancellationToken);
        await DecodeAsync(batch, cancellationToken);
        lock (_inFlight) _inFlight.UnionWith(batch.Claimed);
        return batch;
    }

    /// <summary>Reads items, and claims their ids, and those of what they take the place of.</summary>
    private async Task ReadAsync(IndexBatch batch, SourcePlace[] places, Dictionary<string, PlaceRecord> before, CancellationToken cancellationToken)
    {
        var read = await ItemPreparer.ForEachAsync(places, place =>
        {
            var item = place.Read();
            item = item with { Metadata = [.. item.Metadata, .. options.Metadata] };
            item.Check();
            return new { Item = item, Id = item.Id() };
        }, cancellationToken);
        var wanted = places.Zip(read).Where(pair => pair.Second.Result is not null)
            .Select(pair => (Place: pair.First, pair.Second.Result!.Item, pair.Second.Result.Id, Before: before.GetValueOrDefault(pair.First.Name))).ToArray();
        batch.Broken.AddRange(places.Zip(read).Where(pair => pair.Second.Problem is not null).Select(pair => new BrokenItem(pair.First.Name, pair.Second.Problem!)));

        string[] free;
        lock (_inFlight) free = [.. wanted.SelectMany(one => Ids(one.Id, one.Before)).Where(id => !_inFlight.Contains(id))];
        var acquired = await claims.AcquireAsync(free, cancellationToken);
        // Before the claim another indexer may have been here; what it has left has to be claimed, too.
        var now = await RememberedAsync(wanted.Select(one => one.Place), cancellationToken);
        foreach (var one in wanted)
        {
            var ids = Ids(one.Id, one.Before);
            var isAsItWas = now.GetValueOrDefault(one.Place.Name) is var place && place?.Item == one.Before?.Item && place?.Pending == one.Before?.Pending;
            if (isAsItWas && ids.All(acquired.Contains)) batch.Held.Add(one);
            else batch.Waiting.Add((one.Place, ids));
        }
        batch.Claimed.UnionWith(batch.Held.SelectMany(one => Ids(one.Id, one.Before)));
        await claims.ReleaseAsync([.. acquired.Except(batch.Claimed, StringComparer.Ordinal)], cancellationToken);
    }

    private async Task DecodeAsync(IndexBatch batch, CancellationToken cancellationToken)
    {
        // Asked for after the claim: whoever held an item before has stored it, or never will.
        var present = await ExistingAsync(batch.Held.Select(held => held.Id), cancellationToken);
        var missing = batch.Held.Where(held => !present.Contains(held.Id)).DistinctBy(held => held.Id, StringComparer.Ordinal).ToArray();
        var decoded = await ItemPreparer.ForEachAsync(missing, held => ItemPreparer.Prepare(held.Item, embedder.Processor, options.ImageLimits), cancellationToken);
        foreach (var (held, (item, problem)) in missing.Zip(decoded))
        {
            if (item is not null) batch.New.Add(held.Id, item);
            else Drop(batch, held.Id, problem!);
        }
    }

    /// <summary>Embeds a batch's new items; where one of them will not do, each for itself.</summary>
    private async Task<Dictionary<string, ReadOnlyMemory<float>>> EmbedAsync(IndexBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            return await EmbedAsync(batch.New, cancellationToken);
        }
        catch (EmbeddingException)
        {
            var vectors = new Dictionary<string, ReadOnlyMemory<float>>(StringComparer.Ordinal);
            foreach (var item in batch.New)
            {
                try
                {
                    foreach (var (id, vector) in await EmbedAsync([item], cancellationToken)) vectors.Add(id, vector);
                }
                catch (EmbeddingException e)
                {
                    Drop(batch, item.Key, e.Message);
                }
            }
            return vectors;
        }
    }

    private async Task<Dictionary<string, ReadOnlyMemory<float>>> EmbedAsync(IReadOnlyCollection<KeyValuePair<string, PreparedItem>> items, CancellationToken cancellationToken)
    {
        var (identity, call) = (collection.Identity, new ReasoningEmbeddingOptions { Dimensions = collection.Identity.Dimensions });
        var inputs = items.Select(item => new EmbeddingInput
        {
            Role = ItemRole.Target,
            Instruction = identity.Instruction,
            Text = item.Value.Item.Text,
            Images = item.Value.Images,
            Reasoning = identity.Reasoning,
        });
        var embeddings = await embedder.EmbedAsync([.. inputs], call, cancellationToken);
        return items.Zip(embeddings).ToDictionary(pair => pair.First.Key, pair => pair.Second.Vector, StringComparer.Ordinal);
    }

    private async Task StoreAsync(IndexBatch batch, Dictionary<string, ReadOnlyMemory<float>> vectors, CancellationToken cancellationToken)
    {
        SearchRecord[] records = [.. vectors.Select(vector => Record(vector.Key, batch.New[vector.Key].Item, vector.Value))];
        ThumbnailRecord[] thumbnails = [.. records.Where(record => batch.New[record.Id].Thumbnail is not null).Select(record => new ThumbnailRecord { Id = record.Id, Jpeg = batch.New[record.Id].Thumbnail! })];
        // What one place gives up another of the batch may have taken up.
        var arriving = batch.Held.DistinctBy(held => held.Id, StringComparer.Ordinal).ToDictionary(held => held.Id, held => held.Item.Path, StringComparer.Ordinal);
        var changed = batch.Held.Where(held => held.Before?.Item != held.Id).ToArray();
        await RetireAsync(changed.Select(held => (held.Before, held.Before?.Pending)), arriving, cancellationToken);
        await collection.Tables.Places.UpsertAsync(changed.Select(held => Place(held.Place, held.Before?.Stamp, held.Before?.Item, held.Before?.Path, held.Id)), cancellationToken);
        await collection.Tables.Thumbnails.UpsertAsync(thumbnails, cancellationToken);
        await collection.UpsertAsync(records, cancellationToken);
        await RetireAsync(changed.Select(held => (held.Before, held.Before?.Item)), arriving, cancellationToken);
        await collection.Tables.Places.UpsertAsync(batch.Held.Select(held => Place(held.Place, held.Place.Stamp, held.Id, held.Item.Path, pending: null)), cancellationToken);
        await claims.ReleaseAsync([.. batch.Claimed], cancellationToken);
        lock (_inFlight) _inFlight.ExceptWith(batch.Claimed);
    }

    /// <summary>Waits until another worker has given up something that is waited for.</summary>
    /// <returns>What can be dealt with now.</returns>
    private async Task<SourcePlace[]> WaitAsync(CancellationToken cancellationToken)
    {
        for (; ; await Task.Delay(claims.Patience, cancellationToken))
        {
            var acquired = await PatientlyAsync(() => claims.AcquireAsync([.. _waiting.SelectMany(one => one.Ids)], cancellationToken), cancellationToken);
            // Only to see what is free: they are claimed again with all that belongs to it.
            await PatientlyAsync(() => claims.ReleaseAsync([.. acquired], cancellationToken), cancellationToken);
            SourcePlace[] free = [.. _waiting.Where(one => one.Ids.All(acquired.Contains)).Select(one => one.Place)];
            _waiting.RemoveAll(one => one.Ids.All(acquired.Contains));
            if (free.Length > 0) return free;
            progress?.Report(new IndexProgress(_done, _total, [], $"waiting for {_waiting.Count} that other indexers work on"));
        }
    }

    private async Task RemoveOthersAsync(HashSet<string> listed, CancellationToken cancellationToken)
    {
        var name = source.Name;
        for (var skip = 0; ;)
        {
            var page = await PatientlyAsync(async () => await collection.Tables.Places.GetAsync(
                place => place.Source == name, PlacesOfPage, new() { Skip = skip, OrderBy = by => by.Ascending(place => place.Id) }, cancellationToken).ToListAsync(cancellationToken), cancellationToken);
            PlaceRecord[] gone = [.. page.Where(place => !listed.Contains(place.Id))];
            if (gone.Length > 0) await PatientlyAsync(() => RemoveAsync(gone, cancellationToken), cancellationToken);
            _removed += gone.Length;
            if (page.Count < PlacesOfPage) return;
            skip += page.Count - gone.Length;
        }
    }

    private async Task RemoveAsync(PlaceRecord[] gone, CancellationToken cancellationToken)
    {
        string[] ids = [.. gone.SelectMany(ItemsOf).Distinct(StringComparer.Ordinal)];
        await claims.WaitForAsync(ids, cancellationToken);
        await RetireAsync(gone.SelectMany(place => ItemsOf(place).Select(item => ((PlaceRecord?)place, (string?)item))), [], cancellationToken);
        await collection.Tables.Places.DeleteAsync(gone.Select(place => place.Id), cancellationToken);
        await claims.ReleaseAsync(ids, cancellationToken);
    }

    /// <summary>Deletes items that places give up, but for those that other places have, too, or are about to have: these by id, with their path.</summary>
    private async Task RetireAsync(IEnumerable<(PlaceRecord? Place, string? Item)> given, Dictionary<string, string?> arriving, CancellationToken cancellationToken)
    {
        foreach (var places in given.Where(one => one.Item is { Length: > 0 }).GroupBy(one => one.Item!, one => one.Place!, StringComparer.Ordinal))
        {
            var (id, leaving) = (places.Key, places.Select(place => place.Id).ToHashSet(StringComparer.Ordinal));
            var other = await collection.Tables.Places.GetAsync(place => place.Item == id, leaving.Count + 1, cancellationToken: cancellationToken)
                .FirstOrDefaultAsync(place => !leaving.Contains(place.Id), cancellationToken);
            if (other is null && !arriving.ContainsKey(id)) await collection.DeleteRecordsAsync([id], cancellationToken);
            else if (await collection.Tables.Records.GetAsync(id, new() { IncludeVectors = true }, cancellationToken) is { } record && places.Any(place => place.Path == record.Path))
            {
                record.Path = other is null ? arriving[id] : other.Path;
                await collection.UpsertAsync([record], cancellationToken);
            }
        }
    }

    /// <summary>What the store knows of places, by name.</summary>
    private async Task<Dictionary<string, PlaceRecord>> RememberedAsync(IEnumerable<SourcePlace> places, CancellationToken cancellationToken) =>
        await collection.Tables.Places.GetAsync(places.Select(place => IdOf(place.Name)), cancellationToken: cancellationToken)
            .ToDictionaryAsync(place => place.Name, StringComparer.Ordinal, cancellationToken);

    private async Task<HashSet<string>> ExistingAsync(IEnumerable<string> ids, CancellationToken cancellationToken) =>
        (await collection.GetAsync([.. ids.Distinct(StringComparer.Ordinal)], cancellationToken)).Select(record => record.Id).ToHashSet(StringComparer.Ordinal);

    private Task PatientlyAsync(Func<Task> work, CancellationToken cancellationToken) => PatientlyAsync(async () =>
    {
        await work();
        return true;
    }, cancellationToken);

    /// <summary>Does it again while the store is away; all that is done here may be done twice.</summary>
    private async Task<T> PatientlyAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        var (wait, end) = (FirstWait, DateTime.UtcNow + options.StorePatience);
        while (true)
        {
            try
            {
                return await work();
            }
            catch (VectorStoreException e) when (e.InnerException is DbException { IsTransient: true } && DateTime.UtcNow < end)
            {
                progress?.Report(new IndexProgress(_done, _total, [], $"{e.Message} Trying again."));
                await Task.Delay(wait, cancellationToken);
                wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
            }
        }
    }

    private string IdOf(string place) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{source.Name}\n{place}")))[..32];

    private PlaceRecord Place(SourcePlace place, string? stamp, string? item, string? path, string? pending) =>
        new() { Id = IdOf(place.Name), Source = source.Name, Name = place.Name, Stamp = stamp ?? "", Item = item ?? "", Path = path, Pending = pending };

    private static string[] Ids(string id, PlaceRecord? before) => before is null ? [id] : [.. ItemsOf(before).Append(id).Distinct(StringComparer.Ordinal)];

    /// <summary>What a place has and was about to have.</summary>
    private static IEnumerable<string> ItemsOf(PlaceRecord place)
    {
        if (place.Item.Length > 0) yield return place.Item;
        if (place.Pending is { } pending) yield return pending;
    }

    private static SearchRecord Record(string id, SearchItem item, ReadOnlyMemory<float> vector) => new()
    {
        Id = id,
        Kind = item.Kind.ToString(),
        Key = item.Key,
        Text = item.Text,
        Path = item.Path,
        Tags = [.. item.Tags()],
        Vector = vector,
    };

    /// <summary>Takes an item out of a batch; its claim is given back with the others.</summary>
    private static void Drop(IndexBatch batch, string id, string problem)
    {
        batch.New.Remove(id);
        foreach (var held in batch.Held.Where(held => held.Id == id)) batch.Broken.Add(new BrokenItem(held.Place.Name, problem));
        batch.Held.RemoveAll(held => held.Id == id);
    }
}
