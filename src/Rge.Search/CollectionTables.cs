using Microsoft.Extensions.VectorData;

namespace Rge.Search;

/// <summary>What a collection keeps in a store: its records with their vectors, and beside them, without vectors, thumbnails and places.</summary>
internal sealed class CollectionTables : IDisposable
{
    private const string CatalogName = "rge_collections";

    public CollectionTables(VectorStore store, string name, CollectionIdentity identity)
    {
        Records = store.GetCollection<string, SearchRecord>(name, Definition(nameof(SearchRecord.Id),
        [
            new VectorStoreDataProperty(nameof(SearchRecord.Kind), typeof(string)) { IsIndexed = true },
            Text(nameof(SearchRecord.Key)),
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
        Places = store.GetCollection<string, PlaceRecord>($"{name}.places", Definition(nameof(PlaceRecord.Id),
        [
            new VectorStoreDataProperty(nameof(PlaceRecord.Source), typeof(string)) { IsIndexed = true },
            Text(nameof(PlaceRecord.Name)),
            Text(nameof(PlaceRecord.Stamp)),
            new VectorStoreDataProperty(nameof(PlaceRecord.Item), typeof(string)) { IsIndexed = true },
            Text(nameof(PlaceRecord.Path)),
            Text(nameof(PlaceRecord.Pending)),
        ]));
    }

    public VectorStoreCollection<string, SearchRecord> Records { get; }

    public VectorStoreCollection<string, ThumbnailRecord> Thumbnails { get; }

    public VectorStoreCollection<string, PlaceRecord> Places { get; }

    /// <summary>The catalog of all collections of a store.</summary>
    public static VectorStoreCollection<string, CatalogRecord> Catalog(VectorStore store) =>
        store.GetCollection<string, CatalogRecord>(CatalogName, Definition(nameof(CatalogRecord.Name), [Text(nameof(CatalogRecord.Identity))]));

    public async Task EnsureExistAsync(CancellationToken cancellationToken)
    {
        await Places.EnsureCollectionExistsAsync(cancellationToken);
        await Thumbnails.EnsureCollectionExistsAsync(cancellationToken);
        await Records.EnsureCollectionExistsAsync(cancellationToken);
    }

    public async Task DeleteAsync(CancellationToken cancellationToken)
    {
        await Records.EnsureCollectionDeletedAsync(cancellationToken);
        await Thumbnails.EnsureCollectionDeletedAsync(cancellationToken);
        await Places.EnsureCollectionDeletedAsync(cancellationToken);
    }

    private static VectorStoreDataProperty Text(string name) => new(name, typeof(string));

    private static VectorStoreCollectionDefinition Definition(string key, VectorStoreProperty[] properties) =>
        new() { Properties = [new VectorStoreKeyProperty(key, typeof(string)), .. properties] };

    public void Dispose()
    {
        Records.Dispose();
        Thumbnails.Dispose();
        Places.Dispose();
    }
}
