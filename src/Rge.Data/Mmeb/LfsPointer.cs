namespace Rge.Data.Mmeb;

/// <summary>Recognises what Git leaves in place of a large file whose content was not fetched.</summary>
internal static class LfsPointer
{
    // A pointer has a version, a digest and a size: about 130 bytes.
    private const int MaxBytes = 1024;

    /// <summary>Whether a file, which exists, is a Git LFS pointer.</summary>
    public static bool Is(string path)
    {
        if (new FileInfo(path).Length is 0 or > MaxBytes) return false;
        Span<byte> start = stackalloc byte[64];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        return start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)].StartsWith("version https://git-lfs."u8);
    }
}
