using System.Globalization;
using System.Text;

namespace Rge.Files;

/// <summary>The few lines of text that Git LFS leaves in place of a large file until the file is fetched.</summary>
public static class GitLfsPointer
{
    /// <summary>Pointers are no longer than this, by their specification.</summary>
    private const int MaxBytes = 1024;

    /// <summary>Whether a file begins as a pointer does.</summary>
    public static bool Is(ReadOnlySpan<byte> start) => start.StartsWith("version https://git-lfs"u8);

    /// <summary>Whether a file, which exists, is a pointer.</summary>
    public static bool Is(FileInfo file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (file.Length is 0 or > MaxBytes)
            return false;
        Span<byte> start = stackalloc byte[64];
        using var stream = FileReader.Open(file.FullName);
        return Is(start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)]);
    }

    /// <summary>What is wrong with a file that is a pointer, as a sentence without its full stop.</summary>
    /// <param name="path">The file.</param>
    /// <param name="start">Its first bytes.</param>
    public static string Problem(string path, ReadOnlySpan<byte> start)
    {
        var lines = Encoding.ASCII.GetString(start[..Math.Min(start.Length, MaxBytes)]).Split('\n');
        var size = Array.Find(lines, line => line.StartsWith("size ", StringComparison.Ordinal));
        var shown = long.TryParse(size?[5..], NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            ? $" of {ByteSize.Show(bytes)}"
            : "";
        return $"{path} is a Git LFS pointer, not the file{shown} that it stands for: fetch the file with `git lfs pull`";
    }

    /// <summary>Refuses a file of a checkpoint that is a pointer.</summary>
    /// <exception cref="CheckpointException">The file is a Git LFS pointer.</exception>
    public static void Refuse(string path, ReadOnlySpan<byte> start)
    {
        if (Is(start))
            throw new CheckpointException($"{Problem(path, start)}, or the checkpoint with `rge pull`.");
    }

    /// <inheritdoc cref="Refuse(string, ReadOnlySpan{byte})"/>
    public static void Refuse(string path)
    {
        var start = new byte[MaxBytes];
        using var file = FileReader.Open(path);
        Refuse(path, start.AsSpan(0, file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)));
    }
}
