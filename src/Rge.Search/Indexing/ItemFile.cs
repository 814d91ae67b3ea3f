using System.Globalization;
using System.Text;
using Rge.Files;
using Rge.Imaging;

namespace Rge.Search.Indexing;

/// <summary>Files that are items or parts of items.</summary>
public static class ItemFile
{
    private const int MaxTextBytes = 1 << 20;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The extensions of images, for messages.</summary>
    public static string ImageExtensions { get; } = string.Join(", ", ImageFileTypes.Readable);

    /// <summary>Whether a file is an image, by its extension.</summary>
    public static bool IsImage(string path) => ImageFileTypes.IsReadable(path);

    /// <summary>Whether a file is a text, by its extension.</summary>
    public static bool IsText(string path) => Path.GetExtension(path).Equals(".txt", StringComparison.OrdinalIgnoreCase);

    /// <summary>Changes when the file is written: its size and time, or that it does not exist.</summary>
    internal static string Stamp(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? string.Create(CultureInfo.InvariantCulture, $"{file.Length}:{file.LastWriteTimeUtc.Ticks}") : "missing";
    }

    /// <summary>Reads an image, encoded as it is.</summary>
    /// <exception cref="ImageInputException">It cannot be read, or is too large.</exception>
    internal static ReadOnlyMemory<byte> ReadImage(string path) =>
        Read(path, ImageLimits.Default.MaxBytes, (message, e) => new ImageInputException(message, e));

    /// <summary>Reads a text in UTF-8.</summary>
    /// <exception cref="SearchException">It cannot be read, is too large or no UTF-8.</exception>
    internal static string ReadText(string path)
    {
        var bytes = Read(path, MaxTextBytes, (message, e) => new SearchException(message, e));
        try
        {
            return Utf8.GetString(bytes).TrimStart('\uFEFF').Trim();
        }
        catch (DecoderFallbackException e)
        {
            throw new SearchException($"{path} is not a text in UTF-8; save it in that encoding.", e);
        }
    }

    private static byte[] Read(string path, int limit, Func<string, Exception?, Exception> problem)
    {
        try
        {
            using var file = ReadableFile.Open(path);
            if (file.Length > limit)
                throw problem($"{path} has {ByteSize.Excess(file.Length, limit)}.", null);
            var bytes = GC.AllocateUninitializedArray<byte>((int)file.Length);
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (ReadableFile.Problem(e) is not null)
        {
            throw problem($"{path} cannot be read: {ReadableFile.Problem(e)}.", e);
        }
    }
}
