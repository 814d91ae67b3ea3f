using System.Runtime.CompilerServices;
using Rge.Search.Collections;
using Rge.Search.Stores;

namespace Rge.Search.Indexing;

/// <summary>
/// One run of an <see cref="Indexer"/> over a source. A batch goes through list → read and hash → claim → decode → embed → store → release;
/// while one is embedded, the next is read and decoded.
/// </summary>
/// <remarks>
/// Whatever is done to an item happens while its id is claimed, and in an order in which every half-done state mends itself in the next
/// run: a place says which record it is about to have before that is written, and refers to a record until after that is deleted. A place
/// that was left waiting for a record, or whose record is missing, counts as changed.
/// </remarks>
internal sealed class IndexRun(
    SearchCollection collection,
    ReasoningEmbedder embedder,
    IItemSource source,
    IndexOptions options,
    ClaimHolder claims,
    IProgress<IndexProgress>? progress
)
{
    private readonly List<(SourcePlace Place, string[] Ids)> _waiting = [];
    private readonly List<BrokenItem> _broken = [];
    private readonly Retirement _retirement = new(collection, claims);

    // Ids of the batches that are prepared and not stored yet: an item that turns up again meanwhile waits for them.
    private readonly HashSet<string> _inFlight = new(StringComparer.Ordinal);
    private readonly string _metadata = new SearchItem
    {
        Text = string.Join('\n', options.Metadata.Select(entry => $"{entry.Key}={entry.Value}").Order(StringComparer.Ordinal)),
    }.ContentId();
    private int _total,
        _done,
        _stored,
        _embedded,
        _unchanged;

    private StoreRetry Retry => field ??= new StoreRetry(options.StoreRetryTimeout, Report);

    public async Task<IndexOutcome> RunAsync(bool removes, CancellationToken cancellationToken)
    {
        var listing = await Task.Run(() => source.List(cancellationToken), cancellationToken);
        AddBroken(listing.Broken);
        _total = listing.Places.Count;
        await Retry.RunAsync(() => collection.EnsureTablesAsync(cancellationToken), cancellationToken);
        await IndexAsync(listing.Places, cancellationToken);
        while (_waiting.Count > 0)
            await IndexAsync(await WaitAsync(cancellationToken), cancellationToken);
        var removal = removes
            ? await new SourceRemoval(collection, source.Name, options, _retirement, Retry).RunAsync(listing, cancellationToken)
            : default;
        // In the order of the file or the request: what cannot be listed is found before what cannot be embedded.
        BrokenItem[] broken = [.. _broken.OrderBy(item => item.Line ?? item.Index ?? 0)];
        return new IndexOutcome(_stored, _embedded, _unchanged, removal.Removed, broken)
        {
            Hold = removal.Hold,
            Withheld = removal.Withheld,
            SourceIsEmpty = removes && listing.Places.Count == 0 && listing.Broken.Count == 0,
            Unreadable = listing.Unreadable,
        };
    }

    private void AddBroken(IReadOnlyList<BrokenItem> broken)
    {
        _broken.AddRange(broken);
        if (!options.StopsAtBroken || _broken.Count == 0)
            return;
        throw new SearchException(
            $"{_broken[0].Place} cannot be indexed: {_broken[0].Problem.TrimEnd('.')}. {_stored} were stored before."
        );
    }

    private async Task IndexAsync(IEnumerable<SourcePlace> places, CancellationToken cancellationToken)
    {
        await foreach (var batch in PrepareAheadAsync(places.Chunk(options.BatchItems), cancellationToken))
        {
            var embedded = await EmbedAsync(batch, cancellationToken);
            await Retry.RunAsync(() => StoreAsync(batch, embedded, cancellationToken), cancellationToken);
            string[] stored = [.. batch.Held.Select(held => held.Place.Label)];
            _stored += stored.Length;
            _embedded += embedded.Count;
            _unchanged += batch.Unchanged;
            _done += batch.Count - batch.Waiting.Count;
            _waiting.AddRange(batch.Waiting);
            progress?.Report(new IndexProgress(_done, _total, stored));
            AddBroken(batch.Broken);
        }
    }

    /// <summary>
    /// Prepares each batch while the one before is dealt with, and no two at once: the later one has to see what the earlier one has
    /// claimed.
    /// </summary>
    private async IAsyncEnumerable<IndexBatch> PrepareAheadAsync(
        IEnumerable<SourcePlace[]> batches,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<IndexBatch>? ahead = null;
        try
        {
            foreach (var places in batches)
            {
                var prepared = ahead is null ? null : await ahead;
                ahead = Task.Run(() => Retry.RunAsync(() => PrepareAsync(places, stop.Token), stop.Token), stop.Token);
                if (prepared is not null)
                    yield return prepared;
            }
            if (ahead is not null)
                yield return await ahead;
        }
        finally
        {
            await stop.CancelAsync();
            if (ahead is not null)
                await Task.WhenAny(ahead);
        }
    }

    private async Task<IndexBatch> PrepareAsync(SourcePlace[] places, CancellationToken cancellationToken)
    {
        var batch = new IndexBatch { Count = places.Length };
        var before = await RememberedAsync(places, cancellationToken);
        SourcePlace[] alike =
        [
            .. places.Where(place =>
                before.TryGetValue(place.Name, out var known) && known.Stamp == StampOf(place) && known.Pending is null
            ),
        ];
        var present = await ExistingAsync(alike.Select(place => before[place.Name].Item), cancellationToken);
        HashSet<SourcePlace> unchanged = [.. alike.Where(place => present.ContainsKey(before[place.Name].Item))];
        batch.Unchanged = unchanged.Count;
        await ReadAsync(batch, [.. places.Where(place => !unchanged.Contains(place))], before, cancellationToken);
        await DecodeAsync(batch, cancellationToken);
        lock (_inFlight)
            _inFlight.UnionWith(batch.Claimed);
        return batch;
    }

    /// <summary>Reads items, and claims their ids, and those of what they take the place of.</summary>
    private async Task ReadAsync(
        IndexBatch batch,
        SourcePlace[] places,
        Dictionary<string, PlaceRecord> before,
        CancellationToken cancellationToken
    )
    {
        var read = await ItemPreparer.ForEachAsync(
            places,
            place =>
            {
                var item = place.Read();
                item = item with { Metadata = [.. item.Metadata, .. options.Metadata] };
                item.Check();
                return new HeldItem(place, item, item.Id(), item.ContentId(), before.GetValueOrDefault(place.Name));
            },
            cancellationToken
        );
        HeldItem[] wanted = [.. read.Select(one => one.Result).OfType<HeldItem>()];
        batch.Broken.AddRange(
            places.Zip(read).Where(pair => pair.Second.Problem is not null).Select(pair => pair.First.Broken(pair.Second.Problem!))
        );

        string[] free;
        lock (_inFlight)
            free = [.. wanted.SelectMany(one => one.Ids).Where(id => !_inFlight.Contains(id))];
        var acquired = await claims.AcquireAsync(free, cancellationToken);
        // Before the claim another indexer may have been here; what it has left has to be claimed, too.
        var now = await RememberedAsync(wanted.Select(one => one.Place), cancellationToken);
        foreach (var one in wanted)
        {
            var ids = one.Ids;
            var isAsItWas =
                now.GetValueOrDefault(one.Place.Name) is var place
                && place?.Item == one.Before?.Item
                && place?.Pending == one.Before?.Pending;
            if (isAsItWas && ids.All(acquired.Contains))
                batch.Held.Add(one);
            else
                batch.Waiting.Add((one.Place, ids));
        }
        batch.Claimed.UnionWith(batch.Held.SelectMany(one => one.Ids));
        await claims.ReleaseAsync([.. acquired.Except(batch.Claimed, StringComparer.Ordinal)], cancellationToken);
    }

    private async Task DecodeAsync(IndexBatch batch, CancellationToken cancellationToken)
    {
        // Asked for after the claim: the worker that held an item before has stored it, or never will.
        var present = await ExistingAsync(batch.Held.Select(held => held.Id), cancellationToken);
        var changed = batch
            .Held.Where(held => !(present.TryGetValue(held.Id, out var record) && record.SaysTheSame(Record(held.Id, held.Item))))
            .DistinctBy(held => held.Id, StringComparer.Ordinal)
            .ToArray();
        await FindKnownAsync(batch, changed, cancellationToken);
        HeldItem[] missing = [.. changed.Where(held => !batch.Known.ContainsKey(held.Id))];
        var decoded = await ItemPreparer.ForEachAsync(
            missing,
            held => ItemPreparer.Prepare(held.Item, embedder.Processor, options.ImageLimits),
            cancellationToken
        );
        foreach (var (held, (item, problem)) in missing.Zip(decoded))
        {
            if (item is not null)
                batch.New.Add(held.Id, item);
            else
                Drop(batch, held.Id, problem!);
        }
    }

    /// <summary>
    /// Takes the vectors of records with the same text and images: where only keys or metadata differ, nothing is embedded again.
    /// </summary>
    private async Task FindKnownAsync(IndexBatch batch, HeldItem[] changed, CancellationToken cancellationToken)
    {
        if (changed.Length == 0)
            return;
        var contents = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var content in changed.Select(held => held.Content).Distinct(StringComparer.Ordinal))
        {
            // One will do, of however many there are.
            if (
                await collection
                    .Tables.Contents.GetAsync(one => one.Content == content, top: 1, cancellationToken: cancellationToken)
                    .FirstOrDefaultAsync(cancellationToken) is
                { } same
            )
                contents.Add(content, same.Id);
        }
        string[] ids = [.. changed.Select(held => held.Id).Concat(contents.Values).Distinct(StringComparer.Ordinal)];
        var records = (await collection.GetByIdAsync(ids, includeVectors: true, cancellationToken)).ToDictionary(
            record => record.Id,
            StringComparer.Ordinal
        );
        var thumbnails = await collection
            .Tables.Thumbnails.GetAsync(records.Keys, cancellationToken: cancellationToken)
            .ToDictionaryAsync(thumbnail => thumbnail.Id, thumbnail => thumbnail.Jpeg, StringComparer.Ordinal, cancellationToken);
        foreach (var held in changed)
        {
            if (
                (records.GetValueOrDefault(held.Id) ?? records.GetValueOrDefault(contents.GetValueOrDefault(held.Content, ""))) is
                { } record
            )
                batch.Known.Add(held.Id, new NewRecord(held.Item, record.Vector, thumbnails.GetValueOrDefault(record.Id)));
        }
    }

    /// <summary>Embeds a batch's new items; one that will not do costs no other.</summary>
    private async Task<Dictionary<string, NewRecord>> EmbedAsync(IndexBatch batch, CancellationToken cancellationToken)
    {
        var (identity, call) = (collection.Identity, new ReasoningEmbeddingOptions { Dimensions = collection.Identity.Dimensions });
        KeyValuePair<string, PreparedItem>[] items = [.. batch.New];
        var results = await embedder.TryEmbedAsync(
            [
                .. items.Select(item => new EmbeddingInput
                {
                    Role = ItemRole.Target,
                    Instruction = identity.Instruction,
                    Text = item.Value.Item.Text,
                    Images = item.Value.Images,
                    Reasoning = identity.Reasoning,
                }),
            ],
            call,
            cancellationToken
        );
        var records = new Dictionary<string, NewRecord>(StringComparer.Ordinal);
        foreach (var ((id, item), result) in items.Zip(results))
        {
            if (result.Succeeded)
                records.Add(id, new NewRecord(item.Item, result.Embedding.Vector, item.Thumbnail));
            else
                Drop(batch, id, result.Error.Problem);
        }
        return records;
    }

    private async Task StoreAsync(IndexBatch batch, Dictionary<string, NewRecord> embedded, CancellationToken cancellationToken)
    {
        KeyValuePair<string, NewRecord>[] written = [.. embedded, .. batch.Known];
        SearchRecord[] records = [.. written.Select(one => Record(one.Key, one.Value.Item, one.Value.Vector))];
        ThumbnailRecord[] thumbnails =
        [
            .. written
                .Where(one => one.Value.Thumbnail is not null)
                .Select(one => new ThumbnailRecord { Id = one.Key, Jpeg = one.Value.Thumbnail! }),
        ];
        var contents = batch
            .Held.DistinctBy(held => held.Id, StringComparer.Ordinal)
            .Select(held => new ContentRecord { Id = held.Id, Content = held.Content });
        // What one place gives up another of the batch may have taken up.
        var arriving = batch
            .Held.DistinctBy(held => held.Id, StringComparer.Ordinal)
            .ToDictionary(held => held.Id, held => held.Item.Path, StringComparer.Ordinal);
        var changed = batch.Held.Where(held => held.Before?.Item != held.Id).ToArray();
        await _retirement.RetireAsync(changed.Select(held => (held.Before, held.Before?.Pending)), arriving, cancellationToken);
        await collection.Tables.Places.UpsertAsync(
            changed.Select(held => Place(held.Place, held.Before?.Stamp, held.Before?.Item, held.Before?.Path, held.Id)),
            cancellationToken
        );
        await collection.Tables.Thumbnails.UpsertAsync(thumbnails, cancellationToken);
        await collection.WriteAsync(records, cancellationToken);
        await collection.Tables.Contents.UpsertAsync(contents, cancellationToken);
        await _retirement.RetireAsync(changed.Select(held => (held.Before, held.Before?.Item)), arriving, cancellationToken);
        await collection.Tables.Places.UpsertAsync(
            batch.Held.Select(held => Place(held.Place, StampOf(held.Place), held.Id, held.Item.Path, pending: null)),
            cancellationToken
        );
        await claims.ReleaseAsync([.. batch.Claimed], cancellationToken);
        lock (_inFlight)
            _inFlight.ExceptWith(batch.Claimed);
    }

    /// <summary>Waits until another worker has given up something that is waited for.</summary>
    /// <returns>What can be dealt with now.</returns>
    private async Task<SourcePlace[]> WaitAsync(CancellationToken cancellationToken)
    {
        for (; ; await Task.Delay(claims.RetryDelay, cancellationToken))
        {
            var acquired = await Retry.RunAsync(
                () => claims.AcquireAsync([.. _waiting.SelectMany(one => one.Ids)], cancellationToken),
                cancellationToken
            );
            // Only to see what is free: they are claimed again with all that belongs to it.
            await Retry.RunAsync(() => claims.ReleaseAsync([.. acquired], cancellationToken), cancellationToken);
            SourcePlace[] free = [.. _waiting.Where(one => one.Ids.All(acquired.Contains)).Select(one => one.Place)];
            _waiting.RemoveAll(one => one.Ids.All(acquired.Contains));
            if (free.Length > 0)
                return free;
            Report($"waiting for {_waiting.Count} that other indexers work on");
        }
    }

    /// <summary>What the store knows of places, by name.</summary>
    private async Task<Dictionary<string, PlaceRecord>> RememberedAsync(
        IEnumerable<SourcePlace> places,
        CancellationToken cancellationToken
    ) =>
        await collection
            .Tables.Places.GetAsync(places.Select(place => IdOf(place.Name)), cancellationToken: cancellationToken)
            .ToDictionaryAsync(place => place.Name, StringComparer.Ordinal, cancellationToken);

    private async Task<Dictionary<string, SearchRecord>> ExistingAsync(IEnumerable<string> ids, CancellationToken cancellationToken) =>
        (await collection.GetByIdAsync([.. ids.Distinct(StringComparer.Ordinal)], includeVectors: false, cancellationToken)).ToDictionary(
            record => record.Id,
            StringComparer.Ordinal
        );

    private void Report(string remark) => progress?.Report(new IndexProgress(_done, _total, [], remark));

    /// <summary>What tells whether the item that a place has has changed: metadata that are added to every item are part of it.</summary>
    private string StampOf(SourcePlace place) => options.Metadata.Count == 0 ? place.Stamp : $"{place.Stamp} {_metadata}";

    private string IdOf(string place) => PlaceRecord.IdOf(source.Name, place);

    private PlaceRecord Place(SourcePlace place, string? stamp, string? item, string? path, string? pending) =>
        new()
        {
            Id = IdOf(place.Name),
            Source = source.Name,
            Name = place.Name,
            Stamp = stamp ?? "",
            Item = item ?? "",
            Path = path,
            Pending = pending,
        };

    private static SearchRecord Record(string id, SearchItem item, ReadOnlyMemory<float> vector = default) =>
        new()
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
        foreach (var held in batch.Held.Where(held => held.Id == id))
            batch.Broken.Add(held.Place.Broken(problem));
        batch.Held.RemoveAll(held => held.Id == id);
    }
}
