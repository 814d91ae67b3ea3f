using Rge.Imaging;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tests;

/// <summary>Reads objects from pixels.</summary>
internal static class ObjectRecognizer
{
    private const int Inset = (SceneRenderer.CellSide - ShapeMask.Side) / 2;

    /// <summary>
    /// The object whose drawing differs least from a crop, and how far it is from the middle; null where nothing is drawn.
    /// </summary>
    public static (SceneObject Object, (int Right, int Down) Offset)? Recognize(RgbImage crop)
    {
        var side = SceneRenderer.CellSide;
        var light = Enumerable
            .Range(0, side * side)
            .Select(i => Math.Max(crop.Pixels[i * 3], Math.Max(crop.Pixels[i * 3 + 1], crop.Pixels[i * 3 + 2])))
            .ToArray();
        if (light.Max() < 100)
            return null;
        var (dark, bright) = (light.Min() + 5f, light.Max() - 5f);
        var coverage = light.Select(value => Math.Clamp((value - dark) / (bright - dark), 0, 1)).ToArray();
        var full = Enumerable.Range(0, side * side).Where(i => coverage[i] > 0.9).ToArray();
        var mean = Enumerable.Range(0, 3).Select(channel => full.Average(i => (double)crop.Pixels[i * 3 + channel])).ToArray();
        var color = Enum.GetValues<ObjectColor>().MinBy(candidate => Distance(mean, Palette.Rgb(candidate)));
        var candidates =
            from shape in Enum.GetValues<ObjectShape>()
            from size in Enum.GetValues<ObjectSize>()
            let candidate = new SceneObject(new ObjectKind(color, shape), size)
            from down in Enumerable.Range(0, side - ShapeMask.Side + 1)
            from right in Enumerable.Range(0, side - ShapeMask.Side + 1)
            select (
                Object: candidate,
                Offset: (right - Inset, down - Inset),
                Error: Error(coverage, ShapeMask.For(candidate).Coverage, right, down)
            );
        var (found, offset, _) = candidates.MinBy(candidate => candidate.Error);
        return (found, offset);
    }

    private static float Error(float[] coverage, ReadOnlySpan<byte> mask, int right, int down)
    {
        // What lies outside the mask counts in full.
        var error = coverage.Sum();
        for (var y = 0; y < ShapeMask.Side; y++)
        for (var x = 0; x < ShapeMask.Side; x++)
        {
            var seen = coverage[(y + down) * SceneRenderer.CellSide + x + right];
            error += Math.Abs(seen - mask[y * ShapeMask.Side + x] / (float)ShapeMask.Full) - seen;
        }
        return error;
    }

    /// <summary>How far two colours are apart when neither is brighter than the other.</summary>
    private static double Distance(double[] mean, (byte Red, byte Green, byte Blue) color)
    {
        var (sum, total) = (mean.Sum(), (double)color.Red + color.Green + color.Blue);
        var tint =
            Math.Abs(mean[0] / sum - color.Red / total)
            + Math.Abs(mean[1] / sum - color.Green / total)
            + Math.Abs(mean[2] / sum - color.Blue / total);
        return tint + 0.3 * Math.Abs(sum - total) / 255;
    }
}
