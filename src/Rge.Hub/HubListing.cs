using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rge.Hub;

/// <summary>The server's answer about a repository: the fields used here, by their names there.</summary>
internal sealed record HubListing(
    [property: JsonPropertyName("sha")] string? Commit,
    [property: JsonPropertyName("siblings")] IReadOnlyList<HubListing.Sibling?>? Siblings
)
{
    /// <summary>Far above the largest repositories; an answer is held in memory.</summary>
    public const long MaxBytes = 64 << 20;

    /// <summary>Larger than any file of a hub, and so many of them still add up without overflow.</summary>
    private const long MaxFileBytes = 1L << 42;

    /// <summary>The commit and all files.</summary>
    /// <exception cref="HubException">The answer is not such a listing, or names a file outside of the folder.</exception>
    public static (string Commit, IReadOnlyList<HubFile> Files) Parse(byte[] json, string repository)
    {
        HubListing? listing = null;
        try
        {
            listing = JsonSerializer.Deserialize(json, HubJsonContext.Default.HubListing);
        }
        catch (JsonException error)
        {
            throw Error(repository, error.Message, error);
        }

        if (listing is not { Commit.Length: > 0, Siblings: not null })
            throw Error(repository, "it has no 'sha' or no 'siblings'");
        return (
            listing.Commit,
            [.. listing.Siblings.Select(sibling => (sibling ?? throw Error(repository, "a file is null")).ToFile(repository))]
        );
    }

    private static HubException Error(string repository, string problem, Exception? inner = null) =>
        new($"The server's answer about '{repository}' is not a listing of files: {problem.TrimEnd('.')}.", inner);

    internal sealed record Sibling(
        [property: JsonPropertyName("rfilename")] string? Name,
        [property: JsonPropertyName("size")] long? Size,
        [property: JsonPropertyName("blobId")] string? BlobId,
        [property: JsonPropertyName("lfs")] LargeFile? Lfs
    )
    {
        public HubFile ToFile(string repository)
        {
            if (Name is null || (Lfs?.Size ?? Size) is not { } size || size is < 0 or > MaxFileBytes)
                throw Error(repository, $"file '{Name}' has no name or no sensible size");

            // The blob of a large file is a pointer to it, so its identity says nothing about the content.
            var file = new HubFile(Name, size, Lfs?.Sha256, Lfs is null ? BlobId : null);
            file.PathIn("");
            return file;
        }
    }

    internal sealed record LargeFile(
        [property: JsonPropertyName("sha256")] string? Sha256,
        [property: JsonPropertyName("size")] long? Size
    );
}
