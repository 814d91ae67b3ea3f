namespace Rge.Imaging;

/// <summary>How <see cref="SmartResize"/> rounds the sides of an image before it looks at its area.</summary>
public enum SizeRule
{
    /// <summary>To the nearest multiple of a merged patch, as the image processors of transformers.</summary>
    Transformers,

    /// <summary>The same, but never below one merged patch, as <c>qwen_vl_utils</c>: small images need not be enlarged first.</summary>
    QwenVlUtils,
}
