using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>
/// grd_twin: the crop of what is two steps away from an object, among crops of objects of the same kind in the same cell, each in another
/// place or size.
/// </summary>
internal sealed class CropTwinTask() : BeyondWordsTask("grd_twin", MetaTasks.Grounding)
{
    protected override Question[]? TryDraw(SplitMix64 random, WorldSplit split)
    {
        var scene = SceneSampler.Draw(random, random.Between(5, 7), 5);
        if (scene.Split != split)
            return null;
        var seen = TwinSampler.Seen(random, scene);
        return AskAt(random, GridWalk.In(seen), walk => CropPathTask.Ask(random, seen, walk)) is { } questions
            ? WithNegatives(questions, question => Twins(random, question, 2))
            : null;
    }

    protected override Answer SameWords(SplitMix64 random, Question question) =>
        Twin(random, question.Scene!, question.Answer!.Cell!.Value);

    protected override IEnumerable<Answer> OtherWords(SplitMix64 random, Question question)
    {
        var scene = question.Scene!;
        var kind = scene[question.Answer!.Cell!.Value]!.Value.Kind;
        Cell[] others = [.. scene.Objects.Where(placed => placed.Kind != kind).Select(placed => placed.Cell)];
        random.Shuffle<Cell>(others);
        // The other objects of the query; then others like these.
        foreach (var cell in others)
            yield return Answer.Crop(scene, cell);
        while (true)
            foreach (var cell in others)
                yield return Twin(random, scene, cell);
    }

    private static Answer Twin(SplitMix64 random, Scene scene, Cell cell) => Answer.Crop(TwinSampler.TwinAt(random, scene, cell), cell);
}
