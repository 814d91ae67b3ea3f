namespace Rge.Models;

/// <summary>What is wrong with a file, in a user's words. Stateless and thread-safe.</summary>
internal static class FileProblem
{
    /// <summary>The words for the end of a sentence, without a full stop.</summary>
    /// <param name="path">The file.</param>
    /// <param name="error">What opening or reading it ended with.</param>
    public static string Of(string path, Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => "it is not there",
        // A folder that is opened as a file is reported as one that may not be read.
        UnauthorizedAccessException when Directory.Exists(path) => "it is a folder, expected a file",
        UnauthorizedAccessException => "permission is denied",
        EndOfStreamException => "it was cut while it was read",
        PathTooLongException => "its path is too long",
        _ => error.Message.TrimEnd('.'),
    };
}
