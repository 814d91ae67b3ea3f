using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tests;

public sealed class TwinSamplerTests
{
    private readonly SplitMix64 _random = new(7);
    private readonly Scene _scene = TwinSampler.Seen(new SplitMix64(3), SceneSampler.Draw(new SplitMix64(2), 5, 4));

    [Fact]
    public void Twins_have_the_same_words_and_differ_in_place_size_or_light_or_several()
    {
        var found = new HashSet<(bool Places, bool Sizes, bool Light)>();
        for (var i = 0; i < 200; i++)
        {
            var twin = TwinSampler.Twin(_random, _scene);
            Assert.Equal(_scene.Listing(), twin.Listing());
            var light = Math.Abs(twin.Look!.Light - _scene.Look!.Light);
            Assert.True(light is 0 or >= 4);
            found.Add((_scene.Objects.Any(placed => Move(twin, placed.Cell) > 0), Sizes(twin).Any(), light > 0));
            Assert.True(light > 0 || Sizes(twin).Any() || _scene.Objects.Any(placed => Move(twin, placed.Cell) >= 2));
        }
        Assert.Equal(7, found.Count);
        Assert.DoesNotContain((false, false, false), found);
    }

    [Fact]
    public void A_twin_in_one_cell_is_the_same_in_all_others()
    {
        for (var i = 0; i < 200; i++)
        {
            var cell = _random.Pick<PlacedObject>([.. _scene.Objects]).Cell;
            var twin = TwinSampler.TwinAt(_random, _scene, cell);
            Assert.Equal((_scene.Listing(), _scene.Look!.Light), (twin.Listing(), twin.Look!.Light));
            Assert.True(Move(twin, cell) >= 2 || Sizes(twin).SequenceEqual([cell]));
            Assert.All(_scene.Objects.Where(placed => placed.Cell != cell), placed =>
                Assert.Equal((placed.Object, _scene.Look[placed.Cell]), (twin[placed.Cell]!.Value, twin.Look[placed.Cell]))
            );
        }
    }

    private IEnumerable<Cell> Sizes(Scene twin) =>
        _scene.Objects.Where(placed => twin[placed.Cell] != placed.Object).Select(placed => placed.Cell);

    private int Move(Scene twin, Cell cell)
    {
        var (from, to) = (_scene.Look![cell], twin.Look![cell]);
        return Math.Max(Math.Abs(from.Right - to.Right), Math.Abs(from.Down - to.Down));
    }
}
