using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>cls_twins: the shapes of the only two objects that have the same colour.</summary>
internal sealed class TwinsTask() : ShapeTask("cls_twins", MetaTasks.Classification)
{
    /// <summary>The shapes of the twins in reading order; null where there is not exactly one pair.</summary>
    public static (ObjectShape First, ObjectShape Second)? Class(Scene scene) =>
        Twins(scene) is [var first, var second] ? (first.Shape, second.Shape) : null;

    private static PlacedObject[] Twins(Scene scene) =>
        [.. scene.Objects.Where(placed => scene.Count(other => other.Color == placed.Color) > 1)];

    protected override Question[]? TryDraw(SplitMix64 random, WorldSplit split)
    {
        var count = random.Between(5, 6);
        var (colors, shapes) = (SceneSampler.SomeColors(random, count - 1), SceneSampler.SomeShapes(random, 5));
        var scene = SceneSampler.Scatter(
            random,
            [.. colors.Append(colors[0]).Select(color => new ObjectKind(color, random.Pick<ObjectShape>(shapes)))]
        );
        if (scene.Split != split)
            return null;
        var scenes = SceneSampler.Variants<(ObjectShape, ObjectShape)>(random, scene, GroupSize, edited => Class(edited));
        return scenes is null ? null : [.. scenes.Select(variant => Ask(random, variant))];
    }

    /// <summary>
    /// Classes that are nearly right: the shapes in the other order, each of them twice, and others in the place of one of them. They take
    /// no chance, so that what is drawn does not depend on them.
    /// </summary>
    private static IEnumerable<Answer> Confusions(ObjectShape first, ObjectShape second)
    {
        var (a, b) = (Next(first, second, 1 + (int)second % 4), Next(second, first, 1 + (int)first % 4));
        (ObjectShape, ObjectShape)[] pairs = [(second, first), (first, first), (second, second), (a, second), (first, b)];
        return pairs.Where(pair => pair != (first, second)).Distinct().Select(pair => Answer.FromText(Text(pair.Item1, pair.Item2)));
    }

    /// <summary>A shape some places after another, and not a given one.</summary>
    private static ObjectShape Next(ObjectShape shape, ObjectShape other, int places)
    {
        var count = Enum.GetValues<ObjectShape>().Length;
        var next = (ObjectShape)(((int)shape + places) % count);
        return next == other ? (ObjectShape)(((int)next + 1) % count) : next;
    }

    private static string Text(ObjectShape first, ObjectShape second) => $"{SceneWords.Name(first)} {SceneWords.Name(second)} twins";

    private static Question Ask(SplitMix64 random, Scene scene)
    {
        var twins = Twins(scene);
        var color = SceneWords.Name(twins[0].Color);
        var text = random.Pick("name the twins of the same color", "classify by the two objects of the same color");
        var shapes = $"{SceneWords.Name(twins[0].Shape)} {SceneWords.Name(twins[1].Shape)}";
        // The colour of the twins is the most common one of the list; then the objects are compared with it, up to the second twin.
        var search = scene
            .Objects.Where(placed => placed.Cell <= twins[1].Cell)
            .Select(placed =>
                SceneWords.Compare(placed, ObjectTrait.Color, color) + (twins.Contains(placed) ? $" {SceneWords.Name(placed.Shape)}" : "")
            );
        return new Question(
            scene,
            text,
            $"{SceneWords.List(scene, ObjectTrait.Color)} twins {color} {string.Join(' ', search)} so {shapes}",
            Answer.FromText(Text(twins[0].Shape, twins[1].Shape))
        )
        {
            Negatives = [.. Confusions(twins[0].Shape, twins[1].Shape)],
        };
    }
}
