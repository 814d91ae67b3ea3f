using Microsoft.Extensions.VectorData;
using Rge.Search.Stores;

namespace Rge.Search.Collections;

/// <summary>
/// What a collection keeps in a store: its records with their vectors, and beside them, without vectors, thumbnails, contents and places.
/// </summary>
internal sealed class CollectionTables : IDisposable
{
    private const string CatalogName = "rge_collections";

    public CollectionTables(VectorStore store, string name, CollectionIdentity identity)
    {
        Records = new CheckedCollection<SearchRecord>(
            store.GetCollection<string, SearchRecord>(
                name,
                Definition(
                    nameof(SearchRecord.Id),
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
                    ]
                )
            ),
            record => record.Id,
            (record, hasVector) => RecordChecks.Problem(record, hasVector ? identity.Dimensions : null)
        );
        Thumbnails = new CheckedCollection<ThumbnailRecord>(
            store.GetCollection<string, ThumbnailRecord>(
                $"{name}.thumbnails",
                Definition(nameof(ThumbnailRecord.Id), [Text(nameof(ThumbnailRecord.Jpeg))])
            ),
            record => record.Id,
            (record, _) => RecordChecks.Problem(record)
        );
        Contents = store.GetCollection<string, ContentRecord>(
            $"{name}.contents",
            Definition(nameof(ContentRecord.Id), [Indexed(nameof(ContentRecord.Content))])
        );
        Places = store.GetCollection<string, PlaceRecord>(
            $"{name}.places",
            Definition(
                nameof(PlaceRecord.Id),
                [
                    Indexed(nameof(PlaceRecord.Source)),
                    Text(nameof(PlaceRecord.Name)),
                    Text(nameof(PlaceRecord.Stamp)),
                    Indexed(nameof(PlaceRecord.Item)),
                    Text(nameof(PlaceRecord.Path)),
                    Text(nameof(PlaceRecord.Pending)),
                ]
            )
        );
    }

    public VectorStoreCollection<string, SearchRecord> Records { get; }

    public VectorStoreCollection<string, ThumbnailRecord> Thumbnails { get; }

    public VectorStoreCollection<string, ContentRecord> Contents { get; }

    public VectorStoreCollection<string, PlaceRecord> Places { get; }

    /// <summary>The catalog of all collections of a store.</summary>
    public static VectorStoreCollection<string, CatalogRecord> Catalog(VectorStore store) =>
        new CheckedCollection<CatalogRecord>(
            store.GetCollection<string, CatalogRecord>(
                CatalogName,
                Definition(nameof(CatalogRecord.Name), [Text(nameof(CatalogRecord.Identity))])
            ),
            record => record.Name,
            (record, _) => RecordChecks.Problem(record)
        );

    /// <summary>Whether everything that is read exists; a read-only store needs no more.</summary>
    public async Task<bool> CanBeReadAsync(CancellationToken cancellationToken) =>
        await Records.CollectionExistsAsync(cancellationToken)
        && await Thumbnails.CollectionExistsAsync(cancellationToken)
        && await Places.CollectionExistsAsync(cancellationToken);

    /// <summary>A table that the collection would create and that exists already; <see langword="null"/> for none.</summary>
    public async Task<string?> FindExistingAsync(CancellationToken cancellationToken) =>
        await Records.CollectionExistsAsync(cancellationToken) ? Records.Name
        : await Thumbnails.CollectionExistsAsync(cancellationToken) ? Thumbnails.Name
        : await Contents.CollectionExistsAsync(cancellationToken) ? Contents.Name
        : await Places.CollectionExistsAsync(cancellationToken) ? Places.Name
        : null;

    /// <summary>Creates what does not exist yet; the table of records first, whose name may be taken.</summary>
    public async Task EnsureExistAsync(CancellationToken cancellationToken)
    {
        await Records.EnsureCollectionExistsAsync(cancellationToken);
        await Contents.EnsureCollectionExistsAsync(cancellationToken);
        await Places.EnsureCollectionExistsAsync(cancellationToken);
        await Thumbnails.EnsureCollectionExistsAsync(cancellationToken);
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
