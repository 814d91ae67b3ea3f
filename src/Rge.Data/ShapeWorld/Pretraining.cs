namespace Rge.Data.ShapeWorld;

/// <summary>Questions that need no reasoning, in the words that rationales are made of.</summary>
internal static class Pretraining
{
    /// <summary>A scene of any kind.</summary>
    public static Scene DrawScene(SplitMix64 random, WorldSplit split)
    {
        while (true)
        {
            var scene = SceneSampler.Draw(random, random.Between(3, 8), random.Between(3, 8));
            if (scene.Split == split) return scene;
        }
    }

    /// <summary>Four questions: about one scene, about four crops of one, or four of words alone.</summary>
    public static IReadOnlyList<(string Dataset, Question Question)> Draw(SplitMix64 random, WorldSplit split)
    {
        var form = random.Below(8);
        if (form == 0) return [.. Enumerable.Range(0, ShapeTask.GroupSize).Select(_ => ("pre_resolve", Resolve(random, split)))];
        var scene = DrawScene(random, split);
        if (form == 1) return [.. Crops(random, scene).Select(cell => ("pre_crop", new Question(scene, "what is this", Content(scene, cell)) { Cell = cell }))];
        var questions = new List<(string, Question)>(ShapeTask.GroupSize);
        while (questions.Count < ShapeTask.GroupSize)
        {
            // Finding is what every path begins with and what is learned last; a list has more tokens than all other answers together.
            var next = random.Below(16) switch
            {
                0 => ("pre_list", List(random, scene)),
                1 or 2 => ("pre_name", Name(random, scene)),
                < 10 => ("pre_find", Find(random, scene)),
                _ => ("pre_next", Next(random, scene)),
            };
            if (next.Item2 is { } question && questions.TrueForAll(other => other.Item2.Rationale != question.Rationale)) questions.Add((next.Item1, question));
        }
        return questions;
    }

    private static Question List(SplitMix64 random, Scene scene) =>
        new(scene, random.Pick("list all objects", "describe the picture", "what is in the picture"), scene.Listing());

    private static Question Name(SplitMix64 random, Scene scene)
    {
        var cell = random.Pick<Cell>([.. Grid.Cells]);
        return new Question(scene, $"what is at the {Words.Of(cell)}", $"{Words.Of(cell)} {Content(scene, cell)}");
    }

    /// <summary>Where one to three objects are, in any order.</summary>
    private static Question? Find(SplitMix64 random, Scene scene)
    {
        if (scene.Landmarks().ToArray() is not { Length: > 0 } marks) return null;
        var wanted = random.Choose<PlacedObject>(marks, Math.Min(marks.Length, random.Between(1, 3)));
        return new Question(
            scene,
            $"where is {string.Join(" and ", wanted.Select(mark => $"the {Words.Of(mark.Kind)}"))}",
            string.Join(' ', wanted.Select(mark => $"{Words.Of(mark.Kind)} {Words.Of(mark.Cell)}")));
    }

    private static Question? Next(SplitMix64 random, Scene scene)
    {
        if (scene.Landmarks().ToArray() is not { Length: > 0 } marks) return null;
        var (mark, direction) = (random.Pick<PlacedObject>(marks), random.Pick<Direction>([.. Grid.Directions]));
        // An empty neighbour now and then, so that the answer has to be looked up; the edge never, where there is no cell to name.
        if (mark.Cell.Step(direction) is not { } cell || (scene[cell] is null && random.Below(4) > 0)) return null;
        var answer = $"{Words.Of(mark.Kind)} {Words.Of(mark.Cell)} {Words.Of(direction)} {Words.Of(cell)} {Content(scene, cell)}";
        return new Question(scene, $"what is {Words.Relation(direction)} the {Words.Of(mark.Kind)}", answer);
    }

    /// <summary>Cells to cut out: objects as far as there are any, and now and then an empty cell.</summary>
    private static IEnumerable<Cell> Crops(SplitMix64 random, Scene scene)
    {
        var cells = SceneSampler.SomeCells(random, Grid.Count);
        var ordered = cells.Where(cell => scene[cell] is not null).Concat(cells.Where(cell => scene[cell] is null)).Take(ShapeTask.GroupSize).ToArray();
        if (random.Below(4) == 0) ordered[^1] = cells.First(cell => scene[cell] is null);
        return ordered;
    }

    private static Question Resolve(SplitMix64 random, WorldSplit split)
    {
        while (true)
        {
            var scene = SceneSampler.Draw(random, random.Between(2, 6), random.Between(3, 8));
            if (scene.Split == split && Chain.Of(random, scene) is { } chain) return new Question(null, $"name the place of {chain.Describe()}", chain.Resolve());
        }
    }

    private static string Content(Scene scene, Cell cell) => scene[cell] is { } content ? Words.Of(content.Kind) : "nothing";
}
