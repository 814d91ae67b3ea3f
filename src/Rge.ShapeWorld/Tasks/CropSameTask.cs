using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>grd_same: the crop of the only other object that has the colour or shape of an object.</summary>
internal sealed class CropSameTask() : ShapeTask("grd_same", MetaTasks.Grounding)
{
    protected override Question[]? TryDraw(SplitMix64 random, WorldSplit split)
    {
        var scene = SceneSampler.Draw(random, random.Between(5, 7), 4);
        if (scene.Split != split)
            return null;
        var places =
            from mark in scene.Landmarks()
            from trait in Traits
            let same = scene
                .Objects.Where(other => other != mark && SceneWords.Name(trait, other.Kind) == SceneWords.Name(trait, mark.Kind))
                .ToArray()
            where same.Length == 1
            select (mark, trait, other: same[0]);
        if (AskAt(random, places, place => Ask(random, scene, place.mark, place.trait, place.other)) is not { } questions)
            return null;
        // What the rationales pass on their way, which is nearly right for all questions of the group: once is enough.
        var passed = scene.Objects.DistinctBy(placed => placed.Kind).Select(placed => Answer.Crop(scene, placed.Cell));
        questions[0] = questions[0] with { Negatives = [.. passed] };
        return questions;
    }

    private static Question Ask(SplitMix64 random, Scene scene, PlacedObject mark, ObjectTrait trait, PlacedObject other)
    {
        var (what, kind, found) = (SceneWords.Name(trait), SceneWords.Name(mark.Kind), SceneWords.Name(other.Kind));
        var text = random.Pick(
            $"crop the other object of the same {what} as the {kind}",
            $"crop the object that has the same {what} as the {kind}"
        );
        var search = SceneWords.Search(scene, mark, trait);
        return new Question(
            scene,
            text,
            $"{kind} {SceneWords.Name(mark.Cell)} other {SceneWords.Name(trait, mark.Kind)} {search} so {found}",
            Answer.Crop(scene, other.Cell)
        );
    }
}
