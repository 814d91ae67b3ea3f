namespace Rge.Hub;

/// <summary>The files chosen from a repository, at one commit.</summary>
/// <param name="Repository">Name, such as "Qwen/Qwen2-VL-2B-Instruct".</param>
/// <param name="Commit">The commit of the requested revision; downloads use it, so that the files are of one version.</param>
/// <param name="Files">The chosen files, smallest first.</param>
public sealed record HubSnapshot(string Repository, string Commit, IReadOnlyList<HubFile> Files)
{
    /// <summary>Bytes of all chosen files together.</summary>
    public long Size => Files.Sum(file => file.Size);
}
