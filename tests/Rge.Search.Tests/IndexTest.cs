using Rge.Search.Collections;
using Rge.Search.Indexing;

namespace Rge.Search.Tests;

/// <summary>A test that indexes its folder with the small model.</summary>
public abstract class IndexTest(ShapeWorldModel model) : StoreTest, IClassFixture<ShapeWorldModel>
{
    protected ShapeWorldModel Model { get; } = model;

    protected static IndexOptions Small { get; } = new() { BatchItems = 3 };

    protected async Task<SearchCollection> CollectionAsync() =>
        await OpenCollections().CreateAsync("c", CollectionIdentity.For(Model.Embedder), Cancel);

    protected Task<IndexOutcome> IndexAsync(
        SearchCollection collection,
        IndexOptions? options = null,
        IItemSource? source = null,
        IProgress<IndexProgress>? progress = null
    ) => new Indexer(collection, Model.Embedder, options).IndexAsync(source ?? new FolderSource(Folder), progress, Cancel);

    protected string InFolder(string path) => Path.Combine(Folder, path);

    protected void Write(string path, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(InFolder(path))!);
        File.WriteAllBytes(InFolder(path), content);
    }

    protected static string Id(int image) => new SearchItem { Images = [ShapeWorldModel.Image(image)] }.Id();

    protected sealed class Progress(Action<IndexProgress> report) : IProgress<IndexProgress>
    {
        public void Report(IndexProgress value) => report(value);
    }
}
