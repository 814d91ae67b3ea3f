using Rge.Files;
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
                Assert.Equal(labelled.Scene[cell], ObjectRecognizer.Recognize(labelled.Crop(cell))?.Object);
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
}
