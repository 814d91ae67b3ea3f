namespace Rge.Imaging;

/// <summary>What becomes of the alpha channel of an image.</summary>
public enum AlphaHandling
{
    /// <summary>It is dropped, and the colour under transparent pixels shows: Pillow's <c>convert("RGB")</c>.</summary>
    Drop,

    /// <summary>
    /// The image is laid over white, as today's <c>qwen_vl_utils</c> does. Only images that Pillow opens in the mode RGBA; of the others
    /// (grey with alpha, palettes with a transparent entry) alpha is dropped there too.
    /// </summary>
    OverWhite,
}
