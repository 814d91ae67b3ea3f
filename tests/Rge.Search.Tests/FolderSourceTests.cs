using Rge.Search.Indexing;

namespace Rge.Search.Tests;

public sealed class FolderSourceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-folder-").FullName;

    [Fact]
    public void Links_in_a_circle_come_to_an_end_and_linked_files_count()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "a"));
        File.WriteAllText(Path.Combine(_folder, "a", "text.txt"), "x");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "a", "up"), _folder);
        File.CreateSymbolicLink(Path.Combine(_folder, "link.txt"), Path.Combine(_folder, "a", "text.txt"));
        var listing = new FolderSource(_folder).List(TestContext.Current.CancellationToken);
        Assert.Equal(["a/text.txt", "link.txt"], listing.Places.Select(place => place.Name));
        Assert.Empty(listing.Broken);
    }

    [Fact]
    public void A_stamp_changes_with_size_and_time()
    {
        var path = Path.Combine(_folder, "text.txt");
        File.WriteAllText(path, "x");
        var before = Stamp();
        Assert.Equal(before, Stamp());
        File.WriteAllText(path, "xy");
        Assert.NotEqual(before, Stamp());
        File.WriteAllText(path, "x");
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.NotEqual(before, Stamp());

        string Stamp() => new FolderSource(_folder).List(TestContext.Current.CancellationToken).Places.Single().Stamp;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
