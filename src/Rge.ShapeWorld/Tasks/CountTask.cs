using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>vqa_count: how many objects share the colour or shape of the object next to another, itself included.</summary>
/// <remarks>The four questions of a group have the answers one to four, so that all are equally common.</remarks>
internal sealed class CountTask() : ShapeTask("vqa_count", MetaTasks.Vqa)
{
    // How many objects have the first, second, third … colour, and shape (or the other way round): together all of one to four.
    private static readonly (int[] One, int[] Other)[] Counts =
    [
        ([4, 1], [3, 2]),
        ([4, 1, 1], [3, 2, 1]),
        ([4, 2], [3, 2, 1]),
        ([4, 2], [3, 1, 1, 1]),
        ([4, 1, 1], [3, 3]),
        ([4, 2], [3, 3]),
    ];

    protected override Question[]? TryDraw(SplitMix64 random, WorldSplit split)
    {
        var (one, other) = random.Pick<(int[], int[])>(Counts);
        var (colors, shapes) = random.Flip() ? (one, other) : (other, one);
        var kinds = Spread(random, colors)
            .Zip(Spread(random, shapes), (color, shape) => new ObjectKind((ObjectColor)color, (ObjectShape)shape));
        var scene = SceneSampler.Scatter(random, [.. kinds]);
        if (scene.Split != split)
            return null;
        var places =
            from mark in scene.Landmarks()
            from direction in Grid.Directions
            let next = scene.Neighbour(mark.Cell, direction)
            where next is not null
            from trait in Traits
            select (mark, direction, next: next.Value, trait);
        return AskAt(random, places, place => Ask(random, scene, place.mark, place.direction, place.next, place.trait));
    }

    private static Question Ask(
        SplitMix64 random,
        Scene scene,
        PlacedObject mark,
        Direction direction,
        PlacedObject next,
        ObjectTrait trait
    )
    {
        var (what, value) = (SceneWords.Name(trait), SceneWords.Name(trait, next.Kind));
        var which = $"the object {SceneWords.Relation(direction)} the {SceneWords.Name(mark.Kind)}";
        var text = random.Pick($"how many objects have the same {what} as {which}", $"count the objects of the same {what} as {which}");
        // Counted aloud, so that each number follows from the last, and over all objects, so that each step is to the next one.
        var (scan, count) = (
            SceneWords.Count(scene, trait, value),
            SceneWords.Name(scene.Count(placed => SceneWords.Name(trait, placed.Kind) == value))
        );
        var step =
            $"{SceneWords.Name(mark.Kind)} {SceneWords.Name(mark.Cell)} {SceneWords.Name(direction)} {SceneWords.Name(next.Cell)} {SceneWords.Name(next.Kind)}";
        return new Question(scene, text, $"{step} same {value} {scan} so {count}", Answer.FromText(count));
    }

    /// <summary>Random values, each as many times as it is to occur, in random order.</summary>
    private static int[] Spread(SplitMix64 random, int[] counts)
    {
        var values = random.Choose<int>([.. Enumerable.Range(0, 10)], counts.Length);
        int[] spread = [.. counts.Zip(values).SelectMany(pair => Enumerable.Repeat(pair.Second, pair.First))];
        random.Shuffle<int>(spread);
        return spread;
    }
}
