using Rge.Files;
using Rge.Imaging;

namespace Rge.ShapeWorld.Scenes;

/// <summary>Draws scenes. The pixels depend on scene and seed only: no step is left to a library, and none rounds by machine.</summary>
public static class SceneRenderer
{
    /// <summary>Pixels of a cell's side; one merged patch.</summary>
    public const int CellSide = 28;

    /// <summary>Pixels of an image's side.</summary>
    public const int Side = CellSide * Grid.Side;

    // For each random byte the sum of its two halves, less the mean and halved: ±7, mostly small. One half more rounds to the nearest.
    private static readonly float[] Noise = [.. Enumerable.Range(0, 256).Select(bits => ((bits & 15) + (bits >> 4) - 15) / 2f + 0.5f)];
    private static readonly float[] Background = DrawBackground();

    /// <summary>Draws a scene.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="seed">Seed of the variations without meaning: the position of each object in its cell, the brightness, the
    /// noise.</param>
    public static RgbImage Render(Scene scene, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(scene);
        var random = new SplitMix64(seed);
        return Render(scene, SceneLook.Draw(random, scene), random);
    }

    /// <summary>Draws a scene in a look, with noise from random numbers.</summary>
    internal static RgbImage Render(Scene scene, SceneLook look, SplitMix64 random)
    {
        var brightness = look.Light / (float)SceneLook.FullLight;
        var canvas = (float[])Background.Clone();
        foreach (var placed in scene.Objects)
            Draw(placed, look[placed.Cell], canvas);
        var pixels = new byte[canvas.Length];
        for (var i = 0; i < pixels.Length; )
        {
            var bits = random.Next();
            for (var end = Math.Min(i + sizeof(ulong), pixels.Length); i < end; i++, bits >>= 8)
                pixels[i] = (byte)Math.Clamp((int)(canvas[i] * brightness + Noise[(byte)bits]), 0, 255);
        }
        return new RgbImage(Side, Side, pixels);
    }

    /// <summary>Cuts a cell out of an image.</summary>
    public static RgbImage Crop(RgbImage image, Cell cell)
    {
        ArgumentNullException.ThrowIfNull(image);
        var row = CellSide * RgbImage.Channels;
        var pixels = new byte[row * CellSide];
        for (var y = 0; y < CellSide; y++)
            image
                .Pixels.AsSpan(((cell.Row() * CellSide + y) * Side + cell.Column() * CellSide) * RgbImage.Channels, row)
                .CopyTo(pixels.AsSpan(y * row));
        return new RgbImage(CellSide, CellSide, pixels);
    }

    private static void Draw(PlacedObject placed, (int Right, int Down) offset, float[] canvas)
    {
        const int Inset = (CellSide - ShapeMask.Side) / 2;
        var coverage = ShapeMask.For(placed.Object).Coverage;
        var (red, green, blue) = Palette.Rgb(placed.Color);
        var (left, top) = (placed.Cell.Column() * CellSide + Inset + offset.Right, placed.Cell.Row() * CellSide + Inset + offset.Down);
        for (var y = 0; y < ShapeMask.Side; y++)
        {
            for (var x = 0; x < ShapeMask.Side; x++)
            {
                var covered = coverage[y * ShapeMask.Side + x];
                if (covered == 0)
                    continue;
                var (share, pixel) = (covered / (float)ShapeMask.Full, ((top + y) * Side + left + x) * RgbImage.Channels);
                canvas[pixel] += (red - canvas[pixel]) * share;
                canvas[pixel + 1] += (green - canvas[pixel + 1]) * share;
                canvas[pixel + 2] += (blue - canvas[pixel + 2]) * share;
            }
        }
    }

    private static float[] DrawBackground()
    {
        var canvas = new float[Side * Side * RgbImage.Channels];
        for (var pixel = 0; pixel < Side * Side; pixel++)
        {
            var (x, y) = (pixel % Side / (float)(Side - 1), pixel / Side / (float)(Side - 1));
            var i = pixel * RgbImage.Channels;
            (canvas[i], canvas[i + 1], canvas[i + 2]) = Palette.Background(x, y);
        }
        return canvas;
    }
}
