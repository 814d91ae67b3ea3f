using Rge.Files;
using Rge.Imaging;

namespace Rge.Jobs;

/// <summary>Checks of what a row of JSON Lines may have as a text and as the path of an image. Stateless and thread-safe.</summary>
public static class RowFields
{
    /// <summary>A text; <see langword="null"/> where it is missing.</summary>
    /// <param name="field">The field.</param>
    /// <exception cref="Exception">It is something else, or the data URI of an image; the error is the document's.</exception>
    public static string? Words(JsonField field) =>
        field.Text(null) is var text && ImageDataUri.Is(text) ? throw field.Error(ImageDataUri.Problem) : text;

    /// <summary>The path of an image; the file is not looked at.</summary>
    /// <param name="path">The path, as the row has it.</param>
    /// <param name="folder">The folder that it is relative to.</param>
    /// <param name="error">Makes the error, in the reader's words.</param>
    /// <exception cref="Exception">It is no path; the error is that of <paramref name="error"/>.</exception>
    public static string ImagePath(string path, string folder, Func<ImagePathFault, Exception> error)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(error);
        var fault =
            path.Length == 0 ? ImagePathFault.Empty
            : path.StartsWith("data:", StringComparison.OrdinalIgnoreCase) || path.Contains("://", StringComparison.Ordinal)
                ? ImagePathFault.Address
            : path.Contains('\0', StringComparison.Ordinal) ? ImagePathFault.Nul
            : ImagePathFault.None;
        return fault == ImagePathFault.None ? Path.Combine(folder, path) : throw error(fault);
    }
}
