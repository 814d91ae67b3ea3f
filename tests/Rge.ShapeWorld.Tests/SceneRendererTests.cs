using Rge.Files;
using Rge.Imaging;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tests;

public sealed class SceneRendererTests
{
    [Fact]
    public void Every_object_can_be_told_from_its_pixels()
    {
        var samples = new ShapeWorldSamples(3, WorldSplit.Train);
        for (var index = 0; index < 40; index++)
        {
            var labelled = samples.Labelled(index);
            foreach (var cell in Grid.Cells)
                Assert.Equal(labelled.Scene[cell], Recognize(labelled.Crop(cell)));
        }
    }

    [Fact]
    public void Background_tells_where_a_cell_is()
    {
        var image = SceneRenderer.Render(new Scene([]), 1);
        for (var side = 0; side < 2; side++)
        {
            var means = Grid
                .Cells.Select(cell => SceneRenderer.Crop(image, cell).Pixels.Where((_, i) => i % 3 == side).Average(value => value))
                .ToArray();
            foreach (var cell in Grid.Cells)
                if (cell.Step(side == 0 ? Direction.Right : Direction.Below) is { } next)
                    Assert.InRange(means[(int)next] - means[(int)cell], 10, 25);
        }
    }

    [Fact]
    public void Seeds_move_objects_and_change_noise()
    {
        var scene = SceneSampler.Draw(new SplitMix64(4), 5, 5);
        Assert.Equal(SceneRenderer.Render(scene, 8).Pixels, SceneRenderer.Render(scene, 8).Pixels);
        Assert.NotEqual(SceneRenderer.Render(scene, 8).Pixels, SceneRenderer.Render(scene, 9).Pixels);
    }

    /// <summary>The object whose drawing, at the best place, differs least from a crop; null where nothing is drawn.</summary>
    private static SceneObject? Recognize(RgbImage crop)
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
            select (Object: candidate, Error: Error(coverage, ShapeMask.For(candidate).Coverage, right, down));
        return candidates.MinBy(candidate => candidate.Error).Object;
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
