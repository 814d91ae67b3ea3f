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
        if (form == 1) return [.. Crops(random, scene).Select(cell => ("pre_crop", new Question(scene, "what is this", Words.Content(scene, cell)) { Cell = cell }))];
        var questions = new List<(string, Question)>(ShapeTask.GroupSize);
        while (questions.Count < ShapeTask.GroupSize)
        {
            // Finding is what every path begins with and what is learned last; a list has more tokens than all other answers together.
            var next = random.Below(16) switch
            {
                0 => ("pre_list", List(random, scene)),
                1 => ("pre_edit", Edit(random, scene)),
                2 => ("pre_name", Name(random, scene)),
                3 or 4 => ("pre_count", Count(random, scene)),
                < 11 => ("pre_find", Find(random, scene)),
                _ => ("pre_next", Next(random, scene)),
            };
            if (next.Item2 is { } question && questions.TrueForAll(other => other.Item2.Rationale != question.Rationale)) questions.Add((next.Item1, question));
        }
        return questions;
    }

    private static Question List(SplitMix64 random, Scene scene) =>
        new(scene, random.Pick("list all objects", "describe the picture", "what is in the picture"), scene.Listing());

    /// <summary>The list, but for one cell with another object or none.</summary>
    private static Question? Edit(SplitMix64 random, Scene scene)
    {
        var (cell, content) = (random.Pick<Cell>([.. Grid.Cells]), random.Below(3) > 0 ? SceneSampler.SomeObject(random) : (SceneObject?)null);
        if (content is null && (scene[cell] is null || scene.Objects.Count == 1)) return null;
        var (edited, what) = (scene.With(cell, content), content is { } item ? Words.One(item.Kind) : "nothing");
        return new Question(scene, $"put {what} in the {Words.Of(cell)} then list all objects", $"put {Words.Of(cell)} {Words.Content(edited, cell)} then {edited.Listing()}");
    }

    private static Question Count(SplitMix64 random, Scene scene)
    {
        var (kind, trait) = (random.Pick<PlacedObject>([.. scene.Objects]).Kind, random.Flip() ? ObjectTrait.Color : ObjectTrait.Shape);
        var value = Words.Of(trait, kind);
        return new Question(scene, $"count the objects that have the {Words.Of(trait)} {value}", Words.Count(scene, trait, value));
    }

    private static Question Name(SplitMix64 random, Scene scene)
    {
        var cell = random.Pick<Cell>([.. Grid.Cells]);
        return new Question(scene, $"what is at the {Words.Of(cell)}", $"{Words.Of(cell)} {Words.Content(scene, cell)}");
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
        var answer = $"{Words.Of(mark.Kind)} {Words.Of(mark.Cell)} {Words.Of(direction)} {Words.Of(cell)} {Words.Content(scene, cell)}";
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
}
