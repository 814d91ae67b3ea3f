using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>cls_major: the most common colour and the most common shape.</summary>
internal sealed class MajorTask() : ShapeTask("cls_major", MetaTasks.Classification)
{
    /// <summary>
    /// The most frequent colour and shape: of three or more objects, where no other has more than two. Null where there is none.
    /// </summary>
    public static ObjectKind? Class(Scene scene)
    {
        var (color, shape) = (Major(scene.Objects.CountBy(placed => placed.Color)), Major(scene.Objects.CountBy(placed => placed.Shape)));
        return color is null || shape is null ? null : new ObjectKind(color.Value, shape.Value);
    }

    protected override Question[]? TryDraw(SplitMix64 random, WorldSplit split)
    {
        var candidates = random.Flip() ? Tipped(random) : Renamed(random);
        var scenes = new Scene[GroupSize];
        for (var i = 0; i < GroupSize; i++)
        {
            if (candidates[i].FirstOrDefault(scene => scene.Split == split && Class(scene) is not null) is not { } scene)
                return null;
            scenes[i] = scene;
        }
        random.Shuffle<Scene>(scenes);
        return [.. scenes.Select(scene => Ask(random, scene))];
    }

    private static Question Ask(SplitMix64 random, Scene scene)
    {
        var (kind, text) = (
            SceneWords.Name(Class(scene)!.Value),
            random.Pick("name the most common color and shape", "classify by the most common color and shape")
        );
        return new Question(scene, text, $"{scene.Listing()} so {kind}", Answer.FromText($"{kind} class"));
    }

    /// <summary>
    /// Two colours and two shapes are equally common but for one object, which decides for one of them. For each of the four classes, the
    /// scenes with that object in one or another cell.
    /// </summary>
    private static IEnumerable<Scene>[] Tipped(SplitMix64 random)
    {
        var rest = random.Between(5, 6);
        var (colors, shapes) = (SceneSampler.SomeColors(random, rest), SceneSampler.SomeShapes(random, rest));
        ObjectKind[] classes = [new(colors[0], shapes[0]), new(colors[0], shapes[1]), new(colors[1], shapes[0]), new(colors[1], shapes[1])];
        var cells = SceneSampler.SomeCells(random, Grid.Count);
        var (scene, decisive) = (Paired(random, cells[..rest], colors, shapes), SceneSampler.SomeObject(random));
        return [.. classes.Select(kind => cells[rest..].Select(cell => scene.With(cell, decisive with { Kind = kind })))];
    }

    /// <summary>
    /// A scene that is clear about its class; it with another colour in the place of the most common one; with another shape; with both.
    /// For each, the scenes with one or another.
    /// </summary>
    private static IEnumerable<Scene>[] Renamed(SplitMix64 random)
    {
        var count = random.Between(6, 7);
        var (colors, shapes) = (SceneSampler.SomeColors(random, 10), SceneSampler.SomeShapes(random, 10));
        var scene = Place(random, SceneSampler.SomeCells(random, count), Uneven(random, colors[..count]), Uneven(random, shapes[..count]));
        return
        [
            [scene],
            colors[1..].Select(color => Rename(color, shapes[0])),
            shapes[1..].Select(shape => Rename(colors[0], shape)),
            colors[1..].Zip(shapes[1..], Rename),
        ];

        Scene Rename(ObjectColor color, ObjectShape shape) =>
            new(
                scene.Objects.Select(placed =>
                    placed with
                    {
                        Object = placed.Object with
                        {
                            Kind = new ObjectKind(Exchange(placed.Color, colors[0], color), Exchange(placed.Shape, shapes[0], shape)),
                        },
                    }
                )
            );
    }

    /// <summary>The first two colours, and shapes, twice each, the others once.</summary>
    private static Scene Paired(SplitMix64 random, Cell[] cells, ObjectColor[] colors, ObjectShape[] shapes)
    {
        return Place(random, cells, Twice(colors), Twice(shapes));

        T[] Twice<T>(T[] values) => [values[0], values[0], values[1], values[1], .. values[2..(cells.Length - 2)]];
    }

    /// <summary>The first three or four times, another twice or not, the others once.</summary>
    private static T[] Uneven<T>(SplitMix64 random, T[] values)
    {
        var (most, second) = (random.Between(3, 4), random.Between(1, 2));
        return
        [
            .. Enumerable.Repeat(values[0], most),
            .. Enumerable.Repeat(values[1], second),
            .. values[2..(2 + values.Length - most - second)],
        ];
    }

    private static Scene Place(SplitMix64 random, Cell[] cells, ObjectColor[] colors, ObjectShape[] shapes)
    {
        random.Shuffle<ObjectColor>(colors);
        random.Shuffle<ObjectShape>(shapes);
        return SceneSampler.Place(random, cells.Zip(colors.Zip(shapes, (color, shape) => new ObjectKind(color, shape))));
    }

    private static T Exchange<T>(T value, T one, T other)
        where T : struct, Enum =>
        value.Equals(one) ? other
        : value.Equals(other) ? one
        : value;

    private static T? Major<T>(IEnumerable<KeyValuePair<T, int>> counts)
        where T : struct, Enum
    {
        T? major = null;
        foreach (var (value, count) in counts)
        {
            if (count < 3)
                continue;
            if (major is not null)
                return null;
            major = value;
        }
        return major;
    }
}
