namespace Rge.Imaging;

/// <summary>What becomes of an image whose file ends before the image does.</summary>
public enum TruncatedImages
{
    /// <summary>It is refused.</summary>
    Refuse,

    /// <summary>
    /// The existing part is shown, and the missing part is left as Pillow leaves it where <c>ImageFile.LOAD_TRUNCATED_IMAGES</c> is set:
    /// grey in a JPEG (in a progressive one detail is missing, and values differ by a few levels), zeros in a PNG or BMP. WebP is refused
    /// all the same, as there, and so is GIF. A file that ends before its pixels begin is refused in any case.
    /// </summary>
    Accept,
}
