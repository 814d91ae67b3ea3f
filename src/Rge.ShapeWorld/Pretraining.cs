using Rge.Files;
using Rge.ShapeWorld.Scenes;
using Rge.ShapeWorld.Tasks;

namespace Rge.ShapeWorld;

/// <summary>Questions of one kind of step each, in the words that rationales are made of.</summary>
internal static class Pretraining
{
    /// <summary>A scene of any kind.</summary>
    public static Scene DrawScene(SplitMix64 random, WorldSplit split)
    {
        while (true)
        {
            var scene = SceneSampler.Draw(random, random.Between(3, 8), random.Between(3, 10));
            if (scene.Split == split)
                return scene;
        }
    }

    /// <summary>Four questions: about one scene, about four crops of one, or four of words alone.</summary>
    /// <param name="random">The random numbers.</param>
    /// <param name="split">The split that scenes are drawn from.</param>
    /// <param name="likeness">Whether some ask which objects are equal, and how many.</param>
    public static IReadOnlyList<(string Dataset, Question Question)> Draw(SplitMix64 random, WorldSplit split, bool likeness)
    {
        var form = random.Below(8);
        if (form == 0)
            return [.. Enumerable.Range(0, ShapeTask.GroupSize).Select(_ => ("pre_resolve", Resolve(random, split)))];
        var scene = DrawScene(random, split);
        if (form == 1)
            return
            [
                .. Crops(random, scene)
                    .Select(cell => ("pre_crop", new Question(scene, "what is this", SceneWords.Content(scene, cell)) { Cell = cell })),
            ];
        var questions = new List<(string, Question)>(ShapeTask.GroupSize);
        while (questions.Count < ShapeTask.GroupSize)
        {
            // Finding is what every path starts with and what is learned last; a list has more tokens than all other answers together.
            var next = random.Below(likeness ? 18 : 12) switch
            {
                0 => ("pre_list", List(random, scene)),
                1 or 2 => ("pre_edit", Edit(random, scene)),
                3 => ("pre_name", Name(random, scene)),
                < 9 => ("pre_find", Find(random, scene)),
                < 12 => ("pre_next", Next(random, scene)),
                < 14 => ("pre_count", Count(random, scene)),
                < 16 => ("pre_other", Other(random, scene)),
                _ => ("pre_most", Most(random, scene)),
            };
            if (next.Item2 is { } question && questions.TrueForAll(other => other.Item2.Rationale != question.Rationale))
                questions.Add((next.Item1, question));
        }
        return questions;
    }

    private static Question List(SplitMix64 random, Scene scene) =>
        new(scene, random.Pick("list all objects", "describe the picture", "what is in the picture"), scene.Listing());

    /// <summary>The list after one object has come, gone or changed, or two have exchanged their places.</summary>
    private static Question? Edit(SplitMix64 random, Scene scene)
    {
        Cell[] cells = random.Choose<Cell>([.. Grid.Cells], 2);
        var (one, other) = (cells[0], cells[1]);
        switch (random.Below(3))
        {
            case 0 when scene[one] is not null && scene[other] is not null && scene[one]!.Value.Kind != scene[other]!.Value.Kind:
                var swapped = scene.Swapped(one, other);
                return Edited(
                    swapped,
                    $"swap the {SceneWords.Name(one)} with the {SceneWords.Name(other)}",
                    $"{SceneWords.Name(one)} {SceneWords.Content(swapped, one)} {SceneWords.Name(other)} {SceneWords.Content(swapped, other)}"
                );
            case 1 when scene[one] is not null && scene.Objects.Count > 1:
                return Edited(scene.With(one, null), $"remove the object in the {SceneWords.Name(one)}", $"{SceneWords.Name(one)} nothing");
            case 2:
                var kind = SceneSampler.SomeObject(random);
                return Edited(
                    scene.With(one, kind),
                    $"put {SceneWords.One(kind.Kind)} in the {SceneWords.Name(one)}",
                    $"{SceneWords.Name(one)} {SceneWords.Name(kind.Kind)}"
                );
            default:
                return null;
        }

        Question Edited(Scene edited, string text, string change) =>
            new(scene, $"{text} then list all objects", $"put {change} then {edited.Listing()}");
    }

    private static Question Count(SplitMix64 random, Scene scene)
    {
        var (mark, trait) = (SomeObject(random, scene), SomeTrait(random));
        var value = SceneWords.Name(trait, mark.Kind);
        return new Question(
            scene,
            $"count the objects of the same {SceneWords.Name(trait)} as the object in the {SceneWords.Name(mark.Cell)}",
            $"{SceneWords.Name(mark.Cell)} {SceneWords.Name(mark.Kind)} same {value} {SceneWords.Count(scene, trait, value)}"
        );
    }

    /// <summary>An object like another in colour or shape.</summary>
    private static Question? Other(SplitMix64 random, Scene scene)
    {
        var (mark, trait) = (SomeObject(random, scene), SomeTrait(random));
        return SceneWords.Search(scene, mark, trait) is not { } search
            ? null
            : new Question(
                scene,
                $"find the other object of the same {SceneWords.Name(trait)} as the object in the {SceneWords.Name(mark.Cell)}",
                $"{SceneWords.Name(mark.Cell)} {SceneWords.Name(mark.Kind)} other {SceneWords.Name(trait, mark.Kind)} {search}"
            );
    }

    /// <summary>The colour or shape that more objects have than any other.</summary>
    private static Question? Most(SplitMix64 random, Scene scene)
    {
        var trait = SomeTrait(random);
        var counts = scene.Objects.CountBy(placed => SceneWords.Name(trait, placed.Kind)).OrderByDescending(count => count.Value).ToArray();
        if (counts.Length > 1 && counts[0].Value == counts[1].Value)
            return null;
        return new Question(
            scene,
            $"which {SceneWords.Name(trait)} is the most common",
            $"{SceneWords.List(scene, trait)} most {counts[0].Key}"
        );
    }

    private static Question Name(SplitMix64 random, Scene scene)
    {
        var cell = random.Pick<Cell>([.. Grid.Cells]);
        return new Question(scene, $"what is at the {SceneWords.Name(cell)}", $"{SceneWords.Name(cell)} {SceneWords.Content(scene, cell)}");
    }

    /// <summary>Where one to three objects are, in any order.</summary>
    private static Question? Find(SplitMix64 random, Scene scene)
    {
        if (scene.Landmarks().ToArray() is not { Length: > 0 } marks)
            return null;
        var wanted = random.Choose<PlacedObject>(marks, Math.Min(marks.Length, random.Between(1, 3)));
        return new Question(
            scene,
            $"where is {string.Join(" and ", wanted.Select(mark => $"the {SceneWords.Name(mark.Kind)}"))}",
            string.Join(' ', wanted.Select(mark => $"{SceneWords.Name(mark.Kind)} {SceneWords.Name(mark.Cell)}"))
        );
    }

    private static Question? Next(SplitMix64 random, Scene scene)
    {
        if (scene.Landmarks().ToArray() is not { Length: > 0 } marks)
            return null;
        var (mark, direction) = (random.Pick<PlacedObject>(marks), random.Pick<Direction>([.. Grid.Directions]));
        // An empty neighbour now and then, so that the answer has to be looked up; the edge never, where there is no cell to name.
        if (mark.Cell.Step(direction) is not { } cell || (scene[cell] is null && random.Below(4) > 0))
            return null;
        var answer =
            $"{SceneWords.Name(mark.Kind)} {SceneWords.Name(mark.Cell)} {SceneWords.Name(direction)} {SceneWords.Name(cell)} {SceneWords.Content(scene, cell)}";
        return new Question(scene, $"what is {SceneWords.Relation(direction)} the {SceneWords.Name(mark.Kind)}", answer);
    }

    /// <summary>Cells to cut out: objects as far as there are any, and now and then an empty cell.</summary>
    private static IEnumerable<Cell> Crops(SplitMix64 random, Scene scene)
    {
        var cells = SceneSampler.SomeCells(random, Grid.Count);
        var ordered = cells
            .Where(cell => scene[cell] is not null)
            .Concat(cells.Where(cell => scene[cell] is null))
            .Take(ShapeTask.GroupSize)
            .ToArray();
        if (random.Below(4) == 0)
            ordered[^1] = cells.First(cell => scene[cell] is null);
        return ordered;
    }

    private static Question Resolve(SplitMix64 random, WorldSplit split)
    {
        while (true)
        {
            var scene = SceneSampler.Draw(random, random.Between(2, 6), random.Between(3, 8));
            if (scene.Split == split && ObjectChain.Sample(random, scene) is { } chain)
                return new Question(null, $"name the place of {chain.Describe()}", chain.Resolve());
        }
    }

    private static PlacedObject SomeObject(SplitMix64 random, Scene scene) => random.Pick<PlacedObject>([.. scene.Objects]);

    private static ObjectTrait SomeTrait(SplitMix64 random) => random.Flip() ? ObjectTrait.Color : ObjectTrait.Shape;
}
