using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>cls_row: in the only row that is full, the colour of its left object and the shape of its right one.</summary>
internal sealed class RowTask() : ShapeTask("cls_row", MetaTasks.Classification)
{
    /// <summary>The objects of the full row; null where there is not exactly one.</summary>
    public static PlacedObject[]? FullRow(Scene scene)
    {
        var full = scene.Objects.GroupBy(placed => placed.Cell.Row()).Where(row => row.Count() == Grid.Side).ToArray();
        return full.Length == 1 ? [.. full[0]] : null;
    }

    protected override Question[]? TryDraw(SplitMix64 random, WorldSplit split)
    {
        var row = random.Below(Grid.Side);
        var others = Grid.Cells.Where(cell => cell.Row() != row).ToArray();
        var scene = SceneSampler.Draw(
            random,
            Grid.Cells.Where(cell => cell.Row() == row).Concat(random.Choose<Cell>(others, random.Between(2, 3))),
            6
        );
        if (scene.Split != split || SceneSampler.Variants<ObjectKind>(random, scene, GroupSize, Class) is not { } scenes)
            return null;
        return [.. scenes.Select(variant => Ask(random, variant))];
    }

    private static ObjectKind? Class(Scene scene) =>
        FullRow(scene) is [var left, _, var right] ? new ObjectKind(left.Color, right.Shape) : null;

    private static Question Ask(SplitMix64 random, Scene scene)
    {
        var (kind, text) = (
            SceneWords.Name(Class(scene)!.Value),
            random.Pick("name the class of the full row", "classify by the ends of the full row")
        );
        return new Question(scene, text, $"{SceneWords.List(FullRow(scene)!)} so {kind}", Answer.FromText($"{kind} row"));
    }
}
