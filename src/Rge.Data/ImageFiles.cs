using Rge.Files;

namespace Rge.Data;

/// <summary>Looks at the image files of rows before any work, without decoding them. Stateless and thread-safe.</summary>
public static class ImageFiles
{
    /// <summary>What is wrong with the file of an image; <see langword="null"/> for nothing that can be told without decoding it.</summary>
    /// <param name="image">An image from a file.</param>
    public static ImageFileProblem? Problem(ImageSource image)
    {
        ArgumentNullException.ThrowIfNull(image);
        try
        {
            var file = new FileInfo(image.Name);
            return !file.Exists ? ImageFileProblem.Missing
                : GitLfsPointer.Is(file) ? ImageFileProblem.Pointer
                : null;
        }
        // Decoding tells what is wrong with a file that cannot be read.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
