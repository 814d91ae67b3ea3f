using Rge.Files;

namespace Rge.ShapeWorld.Scenes;

/// <summary>Draws twins: scenes that the same words describe, cell by cell, and that differ to the eye.</summary>
internal static class TwinSampler
{
    // What a difference is at least, so that noise does not hide it: 2 px to one side, and a sixteenth of the light.
    private const int LeastMove = 2,
        LeastLightening = 4;

    private static readonly ObjectSize[] Sizes = Enum.GetValues<ObjectSize>();

    [Flags]
    private enum Difference
    {
        Places = 1,
        Sizes = 2,
        Light = 4,
        All = Places | Sizes | Light,
    }

    /// <summary>The scene in some look.</summary>
    public static Scene Seen(SplitMix64 random, Scene scene) => scene.Seen(SceneLook.Draw(random, scene));

    /// <summary>A twin of a scene in a look: other in places, in sizes, in light, or in several of these.</summary>
    public static Scene Twin(SplitMix64 random, Scene scene)
    {
        var (differences, look, twin) = ((Difference)random.Between(1, (int)Difference.All), scene.Look!, scene);
        if (differences.HasFlag(Difference.Sizes))
            twin = Resized(random, scene);
        if (differences.HasFlag(Difference.Places))
            look = Until(
                () => look.WithOffsets(random, scene),
                moved => scene.Objects.Any(placed => IsMoved(moved[placed.Cell], scene.Look![placed.Cell]))
            );
        if (differences.HasFlag(Difference.Light))
            look = look.WithLight(
                Until(() => SceneLook.SomeLight(random), light => Math.Abs(light - scene.Look!.Light) >= LeastLightening)
            );
        return twin.Seen(look);
    }

    /// <summary>The scene with one object in another place of its cell, in another size, or both.</summary>
    public static Scene TwinAt(SplitMix64 random, Scene scene, Cell cell)
    {
        var (content, offset) = (scene[cell]!.Value, scene.Look![cell]);
        var (size, moved) = Until(
            () => (Size: random.Pick<ObjectSize>(Sizes), Offset: SceneLook.SomeOffset(random)),
            other => other.Size != content.Size || IsMoved(other.Offset, offset)
        );
        return scene.With(cell, content with { Size = size }).Seen(scene.Look.WithOffset(cell, moved));
    }

    private static Scene Resized(SplitMix64 random, Scene scene) =>
        Until(
            () =>
                new Scene(
                    scene.Objects.Select(placed => placed with { Object = placed.Object with { Size = random.Pick<ObjectSize>(Sizes) } })
                ),
            other => scene.Objects.Any(placed => other[placed.Cell] != placed.Object)
        );

    private static bool IsMoved((int Right, int Down) offset, (int Right, int Down) other) =>
        Math.Max(Math.Abs(offset.Right - other.Right), Math.Abs(offset.Down - other.Down)) >= LeastMove;

    private static T Until<T>(Func<T> draw, Func<T, bool> fits)
    {
        while (true)
            if (draw() is var drawn && fits(drawn))
                return drawn;
    }
}
