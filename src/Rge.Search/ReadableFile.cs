using Rge.Files;

namespace Rge.Search;

/// <summary>Opens files of a source, and says what is wrong with those that cannot be read. Stateless and thread-safe.</summary>
internal static class ReadableFile
{
    /// <summary>Opens a file.</summary>
    /// <exception cref="IOException">It does not exist, cannot be read, or is a pipe, a socket, a device or a folder.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream Open(string path) =>
        Directory.Exists(path)
            ? throw new IrregularFileException(path, "is a folder")
            : FileReader.Open(path, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);

    /// <summary>The problem, as the end of a sentence; <see langword="null"/> for errors that do not concern files.</summary>
    public static string? Problem(Exception error) =>
        error switch
        {
            // Folders have been ruled out by then.
            IOException or UnauthorizedAccessException or NotSupportedException => FileProblem.Of("", error),
            _ => null,
        };
}
