namespace Rge.ShapeWorld.Scenes;

/// <summary>The colours in which scenes are drawn, 8 bits a channel.</summary>
internal static class Palette
{
    private static readonly (byte Red, byte Green, byte Blue)[] Colors =
    [
        (222, 34, 44),
        (250, 132, 18),
        (244, 220, 40),
        (44, 176, 60),
        (36, 206, 214),
        (44, 92, 236),
        (150, 56, 206),
        (250, 130, 190),
        (156, 98, 54),
        (236, 236, 240),
    ];

    public static (byte Red, byte Green, byte Blue) Rgb(ObjectColor color) => Colors[(int)color];

    /// <summary>
    /// The background: red rises from left to right and green from top to bottom, so that the pixels of a patch encode its position.
    /// </summary>
    /// <param name="x">From 0 at the left to 1 at the right.</param>
    /// <param name="y">From 0 at the top to 1 at the bottom.</param>
    public static (float Red, float Green, float Blue) Background(float x, float y) => (16 + 48 * x, 16 + 48 * y, 56);
}
