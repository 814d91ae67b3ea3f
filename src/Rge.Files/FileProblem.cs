namespace Rge.Files;

/// <summary>What is wrong with a file or a folder, in a user's words. Stateless and thread-safe.</summary>
public static class FileProblem
{
    private const int InUse = 11,
        InUseOnMac = 35,
        InUseOnWindows = unchecked((int)0x80070020);
    private const int DiskFull = 28,
        DiskFullOnWindows = unchecked((int)0x80070070);

    /// <summary>A sentence about a path that was given as a folder and is none; <see langword="null"/> for an existing folder.</summary>
    /// <param name="folder">The path that was given.</param>
    public static string? OfFolder(string folder) =>
        Directory.Exists(folder) ? null
        : File.Exists(folder) ? $"{folder} is a file, expected a folder."
        : $"The folder {folder} does not exist.";

    /// <summary>Whether opening a file failed because another process has it open.</summary>
    /// <param name="error">The exception from opening it.</param>
    public static bool IsInUse(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error is IOException && error.HResult is InUse or InUseOnMac or InUseOnWindows;
    }

    /// <summary>The words for the end of a sentence, without a full stop.</summary>
    /// <param name="path">The file.</param>
    /// <param name="error">The exception from opening or reading it.</param>
    public static string Of(string path, Exception error) =>
        error switch
        {
            FileNotFoundException or DirectoryNotFoundException => "it does not exist",
            // A folder that is opened as a file is reported as one that may not be read.
            UnauthorizedAccessException when Directory.Exists(path) => "it is a folder, expected a file",
            UnauthorizedAccessException => "permission is denied",
            EndOfStreamException => "it was cut while it was read",
            IrregularFileException irregular => $"it {irregular.Problem}",
            PathTooLongException => "its path is too long",
            _ when IsInUse(error) => "another process is using it",
            IOException when error.HResult is DiskFull or DiskFullOnWindows => "the disk is full",
            _ => error.Message.TrimEnd('.'),
        };
}
