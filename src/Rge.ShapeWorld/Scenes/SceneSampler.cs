using Rge.Files;

namespace Rge.ShapeWorld.Scenes;

/// <summary>Draws scenes at random, and scenes that are one edit away from others.</summary>
internal static class SceneSampler
{
    private static readonly ObjectColor[] Colors = Enum.GetValues<ObjectColor>();
    private static readonly ObjectShape[] Shapes = Enum.GetValues<ObjectShape>();
    private static readonly ObjectSize[] Sizes = Enum.GetValues<ObjectSize>();

    /// <summary>A scene whose objects have few colours and shapes, so that each is alike to others in one of them.</summary>
    /// <param name="random">The random numbers.</param>
    /// <param name="count">How many objects.</param>
    /// <param name="variety">How many colours and how many shapes to choose from.</param>
    public static Scene Draw(SplitMix64 random, int count, int variety) => Draw(random, SomeCells(random, count), variety);

    /// <inheritdoc cref="Draw(SplitMix64, int, int)"/>
    public static Scene Draw(SplitMix64 random, IEnumerable<Cell> cells, int variety)
    {
        var (colors, shapes) = (SomeColors(random, variety), SomeShapes(random, variety));
        return Place(
            random,
            cells.Select(cell => (cell, new ObjectKind(random.Pick<ObjectColor>(colors), random.Pick<ObjectShape>(shapes))))
        );
    }

    /// <summary>A scene with these kinds in random cells.</summary>
    public static Scene Scatter(SplitMix64 random, IReadOnlyCollection<ObjectKind> kinds) =>
        Place(random, SomeCells(random, kinds.Count).Zip(kinds));

    /// <summary>The scene with one object of another colour or shape, one object moved, or two objects exchanged.</summary>
    public static Scene Edited(SplitMix64 random, Scene scene)
    {
        var placed = random.Pick<PlacedObject>([.. scene.Objects]);
        switch (random.Below(4))
        {
            case 0:
                return scene.With(
                    placed.Cell,
                    placed.Object with
                    {
                        Kind = placed.Kind with { Color = OtherColor(random, scene, placed.Color) },
                    }
                );
            case 1:
                return scene.With(
                    placed.Cell,
                    placed.Object with
                    {
                        Kind = placed.Kind with { Shape = OtherShape(random, scene, placed.Shape) },
                    }
                );
            default:
                // An empty cell takes part in the exchange like any other; that is what a move is.
                var others = Grid.Cells.Where(cell => scene[cell]?.Kind != placed.Kind).ToArray();
                return scene.Swapped(placed.Cell, random.Pick<Cell>(others));
        }
    }

    /// <summary>The scene followed by edited ones, all of one split and of different keys.</summary>
    /// <param name="random">The random numbers.</param>
    /// <param name="scene">The scene to edit; of the split already.</param>
    /// <param name="count">How many scenes in all.</param>
    /// <param name="key">The property that the scenes must differ in; null for a scene that does not fit.</param>
    /// <returns><see langword="null"/> when there seem to be no more such edits.</returns>
    public static Scene[]? Variants<TKey>(SplitMix64 random, Scene scene, int count, Func<Scene, TKey?> key)
        where TKey : struct
    {
        if (key(scene) is not { } first)
            return null;
        var (scenes, keys) = (new List<Scene>(count) { scene }, new HashSet<TKey> { first });
        for (var attempts = 0; attempts < 100 * count && scenes.Count < count; attempts++)
        {
            var edited = Edited(random, scene);
            if (edited.Split == scene.Split && key(edited) is { } next && keys.Add(next))
                scenes.Add(edited);
        }
        return scenes.Count == count ? [.. scenes] : null;
    }

    /// <summary>Scenes that are one edit away from a scene, of its split, and not among those that are taken.</summary>
    public static Scene[]? Neighbours(SplitMix64 random, Scene scene, int count, IEnumerable<Scene> taken)
    {
        var layouts = taken.Select(other => other.Layout).ToHashSet();
        return Variants<ulong>(random, scene, count + 1, edited =>
            edited == scene || !layouts.Contains(edited.Layout) ? edited.Layout : null
        )?[1..];
    }

    public static Cell[] SomeCells(SplitMix64 random, int count) => random.Choose<Cell>([.. Grid.Cells], count);

    public static ObjectColor[] SomeColors(SplitMix64 random, int count) => random.Choose<ObjectColor>(Colors, count);

    public static ObjectShape[] SomeShapes(SplitMix64 random, int count) => random.Choose<ObjectShape>(Shapes, count);

    /// <summary>Every kind in the cell it is paired with, each in a random size.</summary>
    public static Scene Place(SplitMix64 random, IEnumerable<(Cell Cell, ObjectKind Kind)> kinds) =>
        new(kinds.Select(pair => new PlacedObject(pair.Cell, new SceneObject(pair.Kind, random.Pick<ObjectSize>(Sizes)))));

    public static SceneObject SomeObject(SplitMix64 random) =>
        new(random.Pick<ObjectKind>([.. ObjectKind.All]), random.Pick<ObjectSize>(Sizes));

    // Half of the time the scene's own colours and shapes: such edits change what is alike to what.
    private static ObjectColor OtherColor(SplitMix64 random, Scene scene, ObjectColor color)
    {
        ObjectColor[] known = [.. scene.Objects.Select(placed => placed.Color).Where(other => other != color)];
        return random.Pick<ObjectColor>(known.Length > 0 && random.Flip() ? known : [.. Colors.Where(other => other != color)]);
    }

    private static ObjectShape OtherShape(SplitMix64 random, Scene scene, ObjectShape shape)
    {
        ObjectShape[] known = [.. scene.Objects.Select(placed => placed.Shape).Where(other => other != shape)];
        return random.Pick<ObjectShape>(known.Length > 0 && random.Flip() ? known : [.. Shapes.Where(other => other != shape)]);
    }
}
