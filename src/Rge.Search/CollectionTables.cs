using Microsoft.Extensions.VectorData;

namespace Rge.Search;

/// <summary>
/// What a collection keeps in a store: its records with their vectors, and beside them, without vectors, thumbnails, contents and places.
/// </summary>
internal sealed class CollectionTables : IDisposable
{
    private const string CatalogName = "rge_collections";

    public CollectionTables(VectorStore store, string name, CollectionIdentity identity)
    {
        Records = store.GetCollection<string, SearchRecord>(name, Definition(nameof(SearchRecord.Id),
        [
            Indexed(nameof(SearchRecord.Kind)),
            Indexed(nameof(SearchRecord.Key)),
            Text(nameof(SearchRecord.Text)),
            Text(nameof(SearchRecord.Path)),
            new VectorStoreDataProperty(nameof(SearchRecord.Tags), typeof(List<string>)) { IsIndexed = true },
            new VectorStoreVectorProperty(nameof(SearchRecord.Vector), typeof(ReadOnlyMemory<float>), identity.Dimensions)
            {
                DistanceFunction = DistanceFunction.CosineSimilarity,
                IndexKind = identity.Index == CollectionIndex.Hnsw ? IndexKind.Hnsw : IndexKind.Flat,
            },
        ]));
        Thumbnails = store.GetCollection<string, ThumbnailRecord>($"{name}.thumbnails", Definition(nameof(ThumbnailRecord.Id), [Text(nameof(ThumbnailRecord.Jpeg))]));
        Contents = store.GetCollection<string, ContentRecord>($"{name}.contents",
            Definition(nameof(ContentRecord.Id), [Indexed(nameof(ContentRecord.Content))]));
        Places = store.GetCollection<string, PlaceRecord>($"{name}.places", Definition(nameof(PlaceRecord.Id),
        [
            Indexed(nameof(PlaceRecord.Source)),
            Text(nameof(PlaceRecord.Name)),
            Text(nameof(PlaceRecord.Stamp)),
            Indexed(nameof(PlaceRecord.Item)),
            Text(nameof(PlaceRecord.Path)),
            Text(nameof(PlaceRecord.Pending)),
        ]));
    }

    public VectorStoreCollection<string, SearchRecord> Records { get; }

    public VectorStoreCollection<string, ThumbnailRecord> Thumbnails { get; }

    public VectorStoreCollection<string, ContentRecord> Contents { get; }

    public VectorStoreCollection<string, PlaceRecord> Places { get; }

    /// <summary>The catalog of all collections of a store.</summary>
    public static VectorStoreCollection<string, CatalogRecord> Catalog(VectorStore store) =>
        store.GetCollection<string, CatalogRecord>(CatalogName, Definition(nameof(CatalogRecord.Name), [Text(nameof(CatalogRecord.Identity))]));

    /// <summary>Whether everything is there that is read; a store that may only be read is not asked for more.</summary>
    public async Task<bool> CanBeReadAsync(CancellationToken cancellationToken) =>
        await Records.CollectionExistsAsync(cancellationToken) && await Thumbnails.CollectionExistsAsync(cancellationToken)
            && await Places.CollectionExistsAsync(cancellationToken);

    public async Task EnsureExistAsync(CancellationToken cancellationToken)
    {
        await Contents.EnsureCollectionExistsAsync(cancellationToken);
        await Places.EnsureCollectionExistsAsync(cancellationToken);
        await Thumbnails.EnsureCollectionExistsAsync(cancellationToken);
        await Records.EnsureCollectionExistsAsync(cancellationToken);
    }

    public async Task DeleteAsync(CancellationToken cancellationToken)
    {
        await Records.EnsureCollectionDeletedAsync(cancellationToken);
        await Thumbnails.EnsureCollectionDeletedAsync(cancellationToken);
        await Contents.EnsureCollectionDeletedAsync(cancellationToken);
        await Places.EnsureCollectionDeletedAsync(cancellationToken);
    }

    private static VectorStoreDataProperty Text(string name) => new(name, typeof(string));

    private static VectorStoreDataProperty Indexed(string name) => new(name, typeof(string)) { IsIndexed = true };

    private static VectorStoreCollectionDefinition Definition(string key, VectorStoreProperty[] properties) =>
        new() { Properties = [new VectorStoreKeyProperty(key, typeof(string)), .. properties] };

    public void Dispose()
    {
        Records.Dispose();
        Thumbnails.Dispose();
        Contents.Dispose();
        Places.Dispose();
    }
}
