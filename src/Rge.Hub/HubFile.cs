namespace Rge.Hub;

/// <summary>One file of a repository as the server lists it.</summary>
/// <param name="Name">Path inside the repository, with slashes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">SHA-256 of the content in lower-case hexadecimal; null for a small file kept in git itself.</param>
/// <param name="BlobId">Git's identity of the content (SHA-1 over a header and the bytes); used when there is no
/// <paramref name="Sha256"/>.</param>
public sealed record HubFile(string Name, long Size, string? Sha256, string? BlobId)
{
    /// <summary>Where the file goes in a folder.</summary>
    /// <exception cref="HubException">The name leads out of the folder, or is no portable file name.</exception>
    internal string PathIn(string folder)
    {
        var parts = Name.Split('/');
        if (parts.Any(part => part is "" or "." or ".." || part.Any(c => c is '\\' or ':' || char.IsControl(c))))
            throw new HubException($"The server lists a file '{Name}', which is no path inside the folder; nothing was written.");
        return Path.Combine([folder, .. parts]);
    }
}
