using CsCheck;
using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tests;

public sealed class SceneTests
{
    private static readonly Gen<Scene> Scenes = Gen.Select(Gen.ULong, Gen.Int[1, 9], (seed, count) => SceneSampler.Draw(new SplitMix64(seed), count, 6));

    [Fact]
    public void Layout_tells_all_but_sizes() => Gen.Select(Scenes, Scenes).Sample((one, other) =>
    {
        Assert.Equal(one.Listing() == other.Listing(), one.Layout == other.Layout);
        Assert.Equal(one.Layout, new Scene(one.Objects.Select(placed => placed with { Object = placed.Object with { Size = ObjectSize.Small } })).Layout);
    });

    [Fact]
    public void Splits_are_eight_one_and_one_in_ten()
    {
        var random = new SplitMix64(1);
        var counts = Enumerable.Range(0, 20000).Select(_ => SceneSampler.Draw(random, 5, 6).Split).CountBy(split => split).ToDictionary();
        Assert.InRange(counts[WorldSplit.Train], 15700, 16300);
        Assert.InRange(counts[WorldSplit.Dev], 1850, 2150);
        Assert.InRange(counts[WorldSplit.Test], 1850, 2150);
    }

    [Fact]
    public void Edits_change_the_layout_and_little_else() => Gen.Select(Scenes, Gen.ULong).Sample((scene, seed) =>
    {
        // Nine objects of one kind leave nothing to exchange.
        if (scene.Objects.Count == 9) return;
        var edited = SceneSampler.Edited(new SplitMix64(seed), scene);
        Assert.Equal(scene.Objects.Count, edited.Objects.Count);
        Assert.InRange(Grid.Cells.Count(cell => scene[cell] != edited[cell]), 1, 2);
        Assert.NotEqual(scene.Layout, edited.Layout);
    });

    [Fact]
    public void Two_objects_in_one_cell_are_refused()
    {
        var placed = new PlacedObject(Cell.East, new SceneObject(ObjectKind.All[0], ObjectSize.Small));
        Assert.Throws<ArgumentException>(() => new Scene([placed, placed]));
    }
}
