using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>
/// ret_aspect: another image that has one object of the query's, which a path leads to, in the same cell, place and size; all else in it is
/// other.
/// </summary>
/// <remarks>
/// Among images with an object of the same words in that cell that looks otherwise, and images that have other objects of the query's just
/// as they were. The questions of a group follow four paths in one image.
/// </remarks>
internal sealed class AspectTask() : BeyondWordsTask("ret_aspect", MetaTasks.Retrieval)
{
    private const int Variety = 5,
        FewestObjects = 5,
        MostObjects = 7;

    protected override Question[]? TryDraw(SplitMix64 random, WorldSplit split)
    {
        var scene = SceneSampler.Draw(random, random.Between(FewestObjects, MostObjects), Variety);
        if (scene.Split != split)
            return null;
        var walks = GridWalk.In(scene).ToArray();
        random.Shuffle<GridWalk>(walks);
        GridWalk[] chosen = [.. walks.DistinctBy(walk => walk.End.Cell).Take(GroupSize)];
        if (chosen.Length < GroupSize)
            return null;
        scene = TwinSampler.Seen(random, scene);
        // What has another object just as it was is the answer to another question of the group.
        return WithNegatives(chosen.Select(walk => Ask(random, scene, walk)), question => Twins(random, question, 2));
    }

    protected override Answer SameWords(SplitMix64 random, Question question)
    {
        var (scene, cell) = (question.Scene!, question.Focus!.Value);
        return Answer.Image(TwinSampler.TwinAt(random, Around(random, scene, [cell]), cell));
    }

    protected override IEnumerable<Answer> OtherWords(SplitMix64 random, Question question)
    {
        var scene = question.Scene!;
        Cell[] others = [.. scene.Objects.Select(placed => placed.Cell).Where(cell => cell != question.Focus)];
        random.Shuffle<Cell>(others);
        // All of the query but what is asked for; then one object each.
        yield return Answer.Image(Around(random, scene, others));
        while (true)
            foreach (var cell in others)
                yield return Answer.Image(Around(random, scene, [cell]));
    }

    private static Question Ask(SplitMix64 random, Scene scene, GridWalk walk)
    {
        var (start, first, second) = (SceneWords.Name(walk.Start.Kind), SceneWords.Name(walk.First), SceneWords.Name(walk.Second));
        var text = random.Pick(
            $"start at the {start} go {first} then {second} and find the other picture with the same object",
            $"which other picture has the object {first} then {second} from the {start}"
        );
        var end = SceneWords.List([walk.End]);
        return new Question(scene, text, $"{walk.Steps()} so {end}", Answer.Image(Around(random, scene, [walk.End.Cell])))
        {
            Focus = walk.End.Cell,
        };
    }

    /// <summary>
    /// A scene of the same split that has some cells of another just as they are; every other cell has something else, or nothing.
    /// </summary>
    private static Scene Around(SplitMix64 random, Scene scene, IReadOnlyCollection<Cell> kept)
    {
        Cell[] free = [.. Grid.Cells.Except(kept)];
        while (true)
        {
            var added = random.Choose<Cell>(free, random.Between(Math.Max(FewestObjects, kept.Count), MostObjects) - kept.Count);
            var drawn = SceneSampler.Draw(random, kept.Concat(added), Variety);
            foreach (var cell in kept)
                drawn = drawn.With(cell, scene[cell]);
            if (drawn.Split != scene.Split || added.Any(cell => drawn[cell]?.Kind == scene[cell]?.Kind))
                continue;
            return drawn.Seen(kept.Aggregate(SceneLook.Draw(random, drawn), (look, cell) => look.WithOffset(cell, scene.Look![cell])));
        }
    }
}
